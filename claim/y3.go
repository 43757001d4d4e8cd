package claim

import (
	"context"
	"math"
	"slices"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/rollout"
)

var y3 = Claim{
	ID:         "Y3",
	Statement:  "What the trained model says is likely under the base: its samples have a lower perplexity there than the base's own.",
	Source:     "arXiv 2504.13837, §4.1, figure 6",
	Literature: "the perplexities of trained samples lie in the low part of the base's own (a figure, 2 problems × 16 samples)",
	Quantity:   "median perplexity under the base of GRPO's samples − of the base's own samples",
	Predicate:  Below(0),
	Preset:     standard + "; objective grpo; 16 samples of 200 problems each at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		tuned, err := l.train(ctx, variation{objective: "grpo"}, seed)
		if err != nil {
			return found{}, err
		}
		base, err := l.untrained(ctx, variation{}, seed)
		if err != nil {
			return found{}, err
		}
		theirs, err := l.perplexities(ctx, tuned, base, seed)
		if err != nil {
			return found{}, err
		}
		own, err := l.perplexities(ctx, base, base, seed)
		return found{median(theirs) - median(own), beside{"median of GRPO": median(theirs), "median of the base": median(own)}}, err
	},
}

// perplexities are those of one model's samples under another, exp(−(1/T) Σ log P).
func (l *Lab) perplexities(ctx context.Context, of, under *training, seed uint64) ([]float64, error) {
	writer, err := native.Open(of.model, native.Options{Threads: l.Threads})
	if err != nil {
		return nil, err
	}
	groups, err := rollout.Sample(ctx, writer, of.tok, of.problems, rollout.Options{
		NumGenerations: 16, Source: draw.New(seed, "perplexity"),
		Params: engine.SampleParams{MaxTokens: of.family.MaxCompletion(), Temperature: 1, TopP: 1, Stop: []int32{of.tok.EOS()}},
	})
	if err != nil {
		return nil, err
	}
	reader, err := native.Open(under.model, native.Options{Threads: l.Threads})
	if err != nil {
		return nil, err
	}
	scores, err := reader.Logprobs(ctx, rollout.Sequences(groups), 1)
	if err != nil {
		return nil, err
	}
	var out []float64
	for _, s := range scores {
		sum := 0.0
		for _, lp := range s {
			sum += float64(lp)
		}
		out = append(out, math.Exp(-sum/float64(len(s))))
	}
	return out, nil
}

// median is the middle value, the lower of two.
func median(values []float64) float64 { return slices.Sorted(slices.Values(values))[(len(values)-1)/2] }
