package native

import (
	"context"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// scorer takes micro-batches forward. It is used again and again, so that after the
// first ones a step allocates nothing but its results.
type scorer struct {
	model   *model
	options Options
	batch   activations

	// Of the pass at hand:
	divisor    float32
	full       bool // entropies and values are wanted
	from, held int  // the targets whose logits are held: from … from+held−1

	forwardBlock, predictTargets func(i int)
}

func newScorer(m *model, o Options) *scorer {
	s := &scorer{model: m, options: o}
	s.forwardBlock = func(i int) { s.model.forwardLayers(&s.batch, s.batch.blocks[i]) }
	s.predictTargets = func(i int) {
		from, to := s.share(i)
		s.model.normTargets(&s.batch, from, to)
		s.model.predict(&s.batch, from, to, from-s.from, s.divisor, s.full)
	}
	return s
}

// evaluate runs the forward pass of the packed batch: layers, head, log-probabilities
// of the targets, and, where wanted, entropies and values.
// With keep, every layer's activations stay for the way back.
func (s *scorer) evaluate(temperature float64, full, keep bool) {
	a := &s.batch
	a.size(s.model.config, !keep || s.options.Recompute, s.options.Threads)
	s.divisor, s.full = divisor(temperature), full
	kernel.Parallel(s.options.Threads, len(a.blocks), s.forwardBlock)
	for from := 0; from < len(a.expected); from += s.held {
		s.hold(from)
		kernel.Parallel(s.options.Threads, s.shares(), s.predictTargets)
	}
}

// hold moves on to the targets whose logits fit.
func (s *scorer) hold(from int) {
	s.from, s.held = from, min(headRows(s.model.config), len(s.batch.expected)-from)
}

// shares is how many parts the held targets are divided into, share the targets of one.
func (s *scorer) shares() int { return (s.held + headTargets - 1) / headTargets }

func (s *scorer) share(i int) (from, to int) {
	return s.from + i*headTargets, s.from + min((i+1)*headTargets, s.held)
}

// Score is what a model says of a completion.
type Score struct {
	Logprobs  []float32 // T: as engine.Scorer has them
	Entropies []float64 // T: in nats, of the distribution each token was drawn from; nil unless asked for
}

// Score evaluates completions, as Logprobs does, with entropies.
func (e *Engine) Score(ctx context.Context, sequences []engine.Sequence, temperature float64) ([]Score, error) {
	return e.scorer.score(ctx, sequences, temperature, true)
}

// logprobs implements engine.Scorer.
func (s *scorer) logprobs(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	scores, err := s.score(ctx, sequences, temperature, false)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(scores))
	for i := range scores {
		out[i] = scores[i].Logprobs
	}
	return out, nil
}

func (s *scorer) score(ctx context.Context, sequences []engine.Sequence, temperature float64, entropies bool) ([]Score, error) {
	if err := checkTemperature(temperature); err != nil {
		return nil, fmt.Errorf("score sequences: %w", err)
	}
	for i, q := range sequences {
		if err := s.model.check(q.Prompt, q.Completion); err != nil {
			return nil, fmt.Errorf("score sequence %d: %w", i, err)
		}
	}
	out := make([]Score, 0, len(sequences))
	for len(sequences) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := s.batch.take(sequences, s.options.MicroBatchTokens, s.options.Threads)
		s.evaluate(temperature, entropies, false)
		for i := range n {
			q := &s.batch.sequences[i]
			found := Score{Logprobs: slices.Clone(s.batch.logprobs[q.firstTarget:q.endTarget()])}
			if slices.ContainsFunc(found.Logprobs, func(lp float32) bool { return !finite(float64(lp)) }) {
				return nil, fmt.Errorf("score sequence %d: %w", len(out), s.model.notFinite())
			}
			if entropies {
				found.Entropies = slices.Clone(s.batch.entropy[q.firstTarget:q.endTarget()])
			}
			out = append(out, found)
		}
		sequences = sequences[n:]
	}
	return out, nil
}

// Distributions implements engine.Distributor. A sequence's prefix is read as a prompt, so
// that one token of it has logits.
func (e *Engine) Distributions(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	if err := checkTemperature(temperature); err != nil {
		return nil, fmt.Errorf("distributions: %w", err)
	}
	lasts := make([]engine.Sequence, len(sequences))
	for i, q := range sequences {
		if err := e.model.check(q.Prompt, q.Completion); err != nil {
			return nil, fmt.Errorf("distribution of sequence %d: %w", i, err)
		}
		prefix, last := q.Completion[:len(q.Completion)-1], q.Completion[len(q.Completion)-1:]
		lasts[i] = engine.Sequence{Prompt: slices.Concat(q.Prompt, prefix), Completion: last}
	}
	out := make([][]float32, 0, len(sequences))
	for held := range slices.Chunk(lasts, headRows(e.model.config)) {
		for len(held) > 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			n := e.scorer.batch.take(held, e.options.MicroBatchTokens, e.options.Threads)
			e.scorer.evaluate(temperature, false, false)
			for i := range n {
				lps, err := e.scorer.distribution(i)
				if err != nil {
					return nil, fmt.Errorf("distribution of sequence %d: %w", len(out), err)
				}
				out = append(out, lps)
			}
			held = held[n:]
		}
	}
	return out, nil
}

// distribution is that of target i, whose logits are held.
func (s *scorer) distribution(i int) ([]float32, error) {
	words := s.model.config.VocabSize
	lps := make([]float32, words)
	for v := range lps {
		lps[v] = logprob(s.batch.logits[i*words:(i+1)*words], v, s.batch.lse[i])
		if !finite(float64(lps[v])) {
			return nil, s.model.notFinite()
		}
	}
	return lps, nil
}

func rowsOf(s engine.Sequence) int { return len(s.Prompt) + len(s.Completion) - 1 }
