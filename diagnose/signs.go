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
	probedProblems  = 32 // of the step's
	probedAnswers   = 8  // of a problem's right ones that were not sampled
	probedPositions = 64 // in wrong samples
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
// tokens of wrong samples, one token a sample. Of probe/suppressed/positions tokens the
// share probe/suppressed/fell lost probability, probe/suppressed/freed in the mean. Over
// those that did, Σ of what the arg-max gained over Σ of what they lost (see Freed) is
// probe/suppressed/to_argmax: beside …/to_argmax_proportional, what it would be if all
// others gained in proportion to the prior, and …/to_argmax_squeezed, if each token's
// distribution were descended alone.
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
		return s.after, s.look(ctx, source.At(2))
	}
}

// splitProbe is the probe of one step.
type splitProbe struct {
	policy      engine.Scorer
	temperature float64
	sets        []probedSet
	places      []engine.Sequence // each ends at the token that is looked at
	before      [][]float64       // distributions at the places; nil: the engine does not know them
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
		for _, j := range first(probedAnswers, source.At(uint64(i)).Perm(len(answers))) {
			tokens, err := l.Tokenizer.Encode(answers[j])
			if err != nil {
				return fmt.Errorf("the right answer %q of question %q: %w", answers[j], g.Problem.ID, err)
			}
			if len(tokens) < l.Config.MaxCompletionLength { // one that could be sampled
				set.sequences = append(set.sequences, engine.Sequence{Prompt: g.Prompt, Completion: append(tokens, l.Tokenizer.EOS())})
			}
		}
	}
	var err error
	set.logprobs, err = s.score(ctx, set.sequences)
	s.sets = append(s.sets, set)
	return err
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

// look draws a token of some wrong samples each, and notes the distributions it is of.
func (s *splitProbe) look(ctx context.Context, source draw.Source) error {
	wrong := s.sets[1].sequences
	for _, i := range first(probedPositions, source.Perm(len(wrong))) {
		end := 1 + source.At(0).IntN(uint64(i), len(wrong[i].Completion))
		s.places = append(s.places, engine.Sequence{Prompt: wrong[i].Prompt, Completion: wrong[i].Completion[:end]})
	}
	var err error
	s.before, err = s.distributions(ctx)
	return err
}

// distributions are those of the tokens that are looked at.
func (s *splitProbe) distributions(ctx context.Context) ([][]float64, error) {
	d, ok := s.policy.(engine.Distributor)
	if !ok {
		return nil, nil
	}
	logprobs, err := d.Distributions(ctx, s.places, s.temperature)
	out := make([][]float64, len(logprobs))
	for i, lps := range logprobs {
		for _, lp := range lps {
			out[i] = append(out[i], math.Exp(float64(lp)))
		}
	}
	return out, err
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
	now, err := s.distributions(ctx)
	if now != nil {
		s.suppressed(now, m)
	}
	return m, err
}

// suppressed adds up what the tokens that are looked at lost, and where it went.
func (s *splitProbe) suppressed(now [][]float64, m map[string]float64) {
	var sum Freed
	fell := 0.0
	for i, place := range s.places {
		f := FreedBetween(s.before[i], now[i], int(place.Completion[len(place.Completion)-1]))
		if f.Mass > 0 {
			fell++
			sum.Mass, sum.ToArgMax = sum.Mass+f.Mass, sum.ToArgMax+f.ToArgMax
			sum.Proportional, sum.Squeezed = sum.Proportional+f.Proportional, sum.Squeezed+f.Squeezed
		}
	}
	m["probe/suppressed/positions"] = float64(len(s.places))
	m["probe/suppressed/fell"], m["probe/suppressed/freed"] = fell/float64(len(s.places)), sum.Mass/fell
	m["probe/suppressed/to_argmax"] = sum.ToArgMax / sum.Mass
	m["probe/suppressed/to_argmax_proportional"] = sum.Proportional / sum.Mass
	m["probe/suppressed/to_argmax_squeezed"] = sum.Squeezed / sum.Mass
}
