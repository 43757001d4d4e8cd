package diagnose

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/train"
)

// Bounds on what is measured of a step, so that a probe costs a few hundredths of ten steps.
const (
	probedProblems = 64  // of the step's
	probedAnswers  = 8   // of a problem's right ones that were not sampled, and no more than its samples
	probedTokens   = 256 // of the wrong samples', and no more than take half as many rows as all samples
	heldAtOnce     = 32  // distributions, which are large where the vocabulary is
)

// Signs is the instrument of sign-split learning: it measures what a step's updates do to
// some of the step's problems, drawn by address.
//
// The mean change of ln P(y | x), in nats a sequence, as probe/SET/dlogp, with the number of
// sequences as probe/SET/sequences, of three sets:
//
//	old_right        the step's samples that are right
//	old_wrong        its other samples
//	unsampled_right  right answers that no sample of the problem's group gave, in canonical
//	                 writing, where all right answers can be listed
//
// And, where the engine knows whole distributions, what becomes of the probability of
// tokens of the wrong samples: of probe/suppressed/tokens, the share probe/suppressed/fell
// lost some, probe/suppressed/freed in the mean. Over those that did, what the arg-max gained
// is to what they lost, sum to sum, as probe/suppressed/to_argmax is to one; beside it is what
// that would be if all others gained in proportion to the prior, …/to_argmax_proportional,
// and if each distribution's softmax were descended alone, …/to_argmax_squeezed (see Squeezed).
//
// What is not known is absent, a mean over nothing NaN. Sequences are told to the policy
// to be scored, never to be learnt from.
func Signs(l *train.Loop) train.Probe {
	return func(ctx context.Context, step int, groups []negativa.Group) (train.Measurement, error) {
		s := &splitProbe{policy: l.Policy, temperature: l.Config.Temperature}
		source := draw.New(l.Config.Seed, "probe").At(uint64(step))
		var probed []negativa.Group
		for _, i := range first(probedProblems, source.At(0).Perm(len(groups))) {
			probed = append(probed, groups[i])
		}
		s.sampled(probed)
		if err := s.unsampled(ctx, l, probed, source.At(1)); err != nil {
			return nil, err
		}
		s.pick(probed, source.At(2))
		return s.after, s.look(ctx)
	}
}

// splitProbe is the probe of one step.
type splitProbe struct {
	policy      engine.Scorer
	temperature float64
	sets        []probedSet
	places      []engine.Sequence // each ends at the token that is looked at
	outlooks    []Outlook         // of these tokens
}

// probedSet is sequences of one kind, with their log-probabilities before the updates.
type probedSet struct {
	name      string
	sequences []engine.Sequence
	logprobs  []float64
}

func first(n int, x []int) []int { return x[:min(n, len(x))] }

func right(r negativa.Rollout) bool { return r.Verdict.Outcome == negativa.Correct }

// sampled takes the samples' log-probabilities as they were recorded.
func (s *splitProbe) sampled(groups []negativa.Group) {
	reinforced, suppressed := probedSet{name: "old_right"}, probedSet{name: "old_wrong"}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			set := &suppressed
			if right(r) {
				set = &reinforced
			}
			set.sequences = append(set.sequences, engine.Sequence{Prompt: g.Prompt, Completion: r.Tokens})
			set.logprobs = append(set.logprobs, total(r.Logprobs))
		}
	}
	s.sets = append(s.sets, reinforced, suppressed)
}

// unsampled lists and scores the right answers that nobody gave.
func (s *splitProbe) unsampled(ctx context.Context, l *train.Loop, groups []negativa.Group, source draw.Source) error {
	known, ok := l.Problems.(eval.Enumerator)
	if !ok {
		return nil
	}
	set := probedSet{name: "unsampled_right"}
	for i, g := range groups {
		answers, err := known.Answers(g.Problem)
		if err != nil {
			return fmt.Errorf("right answers of question %q: %w", g.Problem.ID, err)
		}
		answers = slices.DeleteFunc(slices.Clone(answers), func(answer string) bool {
			return slices.ContainsFunc(g.Rollouts, func(r negativa.Rollout) bool { return right(r) && r.Verdict.Answer == answer })
		})
		for _, j := range first(min(probedAnswers, len(g.Rollouts)), source.At(uint64(i)).Perm(len(answers))) {
			tokens, err := l.Tokenizer.Encode(answers[j])
			if err != nil {
				return fmt.Errorf("the right answer %q of question %q: %w", answers[j], g.Problem.ID, err)
			}
			if len(tokens) < l.Config.MaxCompletionLength { // one that could be sampled
				set.sequences = append(set.sequences, engine.Sequence{Prompt: g.Prompt, Completion: append(tokens, end(l))})
			}
		}
	}
	var err error
	set.logprobs, err = s.score(ctx, set.sequences)
	s.sets = append(s.sets, set)
	return err
}

// end is the token that ends an answer.
func end(l *train.Loop) negativa.Token {
	if eos := l.Tokenizer.EOS(); eos >= 0 || len(l.Stop) == 0 {
		return eos
	}
	return l.Stop[0]
}

// score is ln P of sequences.
func (s *splitProbe) score(ctx context.Context, sequences []engine.Sequence) ([]float64, error) {
	scores, err := s.policy.Logprobs(ctx, sequences, s.temperature)
	out := make([]float64, len(scores))
	for i, lps := range scores {
		out[i] = total(lps)
	}
	return out, err
}

func total(logprobs []float32) float64 {
	sum := 0.0
	for _, lp := range logprobs {
		sum += float64(lp)
	}
	return sum
}

// pick draws tokens of the wrong samples. To look at one, the engine reads all before it.
func (s *splitProbe) pick(groups []negativa.Group, source draw.Source) {
	var all []engine.Sequence
	for _, q := range s.sets[1].sequences {
		for t := range q.Completion {
			all = append(all, engine.Sequence{Prompt: q.Prompt, Completion: q.Completion[:t+1]})
		}
	}
	left := rows(groups) / 2
	for _, i := range first(probedTokens, source.Perm(len(all))) {
		if left -= len(all[i].Prompt) + len(all[i].Completion); left < 0 && len(s.places) > 0 {
			return
		}
		s.places = append(s.places, all[i])
	}
}

// rows is how many tokens an engine reads to score all samples.
func rows(groups []negativa.Group) int {
	n := 0
	for _, g := range groups {
		n += len(g.Prompt)
		for _, r := range g.Rollouts {
			n += len(r.Tokens)
		}
	}
	return n
}

// look notes what there is to say of the tokens before the updates.
func (s *splitProbe) look(ctx context.Context) error {
	return s.distributions(ctx, func(i int, p []float64) {
		completion := s.places[i].Completion
		s.outlooks = append(s.outlooks, OutlookOf(p, int(completion[len(completion)-1])))
	})
}

// distributions shows those of the tokens that are looked at, in order, if the engine
// knows them.
func (s *splitProbe) distributions(ctx context.Context, show func(i int, p []float64)) error {
	d, ok := s.policy.(engine.Distributor)
	if !ok {
		return nil
	}
	at := 0
	for some := range slices.Chunk(s.places, heldAtOnce) {
		logprobs, err := d.Distributions(ctx, some, s.temperature)
		if err != nil {
			return err
		}
		for _, lps := range logprobs {
			p := make([]float64, len(lps))
			for v, lp := range lps {
				p[v] = math.Exp(float64(lp))
			}
			show(at, p)
			at++
		}
	}
	return nil
}

// after measures what has changed.
func (s *splitProbe) after(ctx context.Context) (map[string]float64, error) {
	m := map[string]float64{}
	for _, set := range s.sets {
		now, err := s.score(ctx, set.sequences)
		if err != nil {
			return nil, err
		}
		change := 0.0
		for i, lp := range now {
			change += lp - set.logprobs[i]
		}
		m["probe/"+set.name+"/sequences"] = float64(len(now))
		m["probe/"+set.name+"/dlogp"] = change / float64(len(now))
	}
	return m, s.suppressed(ctx, m)
}

// suppressed adds up what the tokens that are looked at lost, and where it went.
func (s *splitProbe) suppressed(ctx context.Context, m map[string]float64) error {
	var fell, freed, toArgMax, proportional, squeezed float64
	err := s.distributions(ctx, func(i int, p []float64) {
		o := s.outlooks[i]
		lost, gained := o.Freed(p)
		if lost > 0 {
			fell++
			freed, toArgMax = freed+lost, toArgMax+gained
			proportional, squeezed = proportional+lost*o.Proportional, squeezed+lost*o.Squeezed
		}
	})
	if err != nil || len(s.outlooks) < len(s.places) { // the engine knows no distributions
		return err
	}
	m["probe/suppressed/tokens"] = float64(len(s.places))
	m["probe/suppressed/fell"], m["probe/suppressed/freed"] = fell/float64(len(s.places)), freed/fell
	m["probe/suppressed/to_argmax"] = toArgMax / freed
	m["probe/suppressed/to_argmax_proportional"] = proportional / freed
	m["probe/suppressed/to_argmax_squeezed"] = squeezed / freed
	return nil
}
