package enginetest

import (
	"context"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// rowsPerPrompt exceeds the three signs, so that each has rows of several lengths.
const rowsPerPrompt = 5

// batch makes rows of random completions of every prompt, with all three signs.
func (s Subject) batch() []negativa.Datum {
	source := draw.New(1, "enginetest batch")
	var batch []negativa.Datum
	for i, prompt := range s.Prompts {
		for j := range rowsPerPrompt {
			at := source.At(uint64(i), uint64(j))
			batch = append(batch, s.datum(at, prompt, fmt.Sprintf("%d-%d", i, j), []int{1, -1, 0}[(i+j)%3]))
		}
	}
	return batch
}

func (s Subject) datum(at draw.Source, prompt []negativa.Token, id string, sign int) negativa.Datum {
	n := 1 + at.At(0).IntN(0, s.MaxTokens)
	d := negativa.Datum{ID: id, Prompt: prompt, Sign: sign, Completion: make([]negativa.Token, n)}
	d.Row.Weight = 0.5 + at.At(0).Float64(1)
	for t := range n {
		d.Completion[t] = negativa.Token(at.At(1).IntN(uint64(t), s.VocabSize))
		d.Row.Advantages = append(d.Row.Advantages, at.At(2).Normal(uint64(t)))
		d.Row.Returns = append(d.Row.Returns, at.At(3).Normal(uint64(t)))
	}
	return d
}

// probe is a smooth loss that uses everything an engine can evaluate:
//
//	w Σ_t [ A lp + lp²/8 + A H/2 + (V − R)²/2 ]
func probe(c engine.Capabilities) negativa.Loss {
	return negativa.Loss{Entropies: c.Entropies, Values: c.Values, Row: func(row *negativa.Row, at, grad *negativa.Evaluation) float64 {
		sum := 0.0
		for t, lp := range at.Logprobs {
			a := row.Advantages[t]
			sum += a*lp + lp*lp/8
			grad.Logprobs[t] = row.Weight * (a + lp/4)
			if c.Entropies {
				sum += a * at.Entropies[t] / 2
				grad.Entropies[t] = row.Weight * a / 2
			}
			if c.Values {
				miss := at.Values[t] - row.Returns[t]
				sum += miss * miss / 2
				grad.Values[t] = row.Weight * miss
			}
		}
		return row.Weight * sum
	}}
}

// flat is a loss with the same value and no derivative: it moves nothing.
func flat(loss negativa.Loss) negativa.Loss {
	row := loss.Row
	loss.Row = func(r *negativa.Row, at, _ *negativa.Evaluation) float64 {
		n := len(at.Logprobs)
		return row(r, at, &negativa.Evaluation{Logprobs: make([]float64, n), Entropies: make([]float64, n), Values: make([]float64, n)})
	}
	return loss
}

// zero is a loss that is always 0 and asks for evaluations all the same.
func zero(asks engine.Capabilities) negativa.Loss {
	return negativa.Loss{Entropies: asks.Entropies, Values: asks.Values, Row: func(*negativa.Row, *negativa.Evaluation, *negativa.Evaluation) float64 { return 0 }}
}

var adamW = engine.OptimParams{
	Optimizer: engine.AdamW, LearningRate: 0.01, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, WeightDecay: 0.1, MaxGradNorm: 1,
}

// train takes optimizer steps on the same batch and returns what the last one found.
func train(ctx context.Context, e engine.Engine, batch []negativa.Datum, steps int) (engine.Result, engine.Update, error) {
	var result engine.Result
	var update engine.Update
	for range steps {
		var err error
		if result, err = e.ForwardBackward(ctx, batch, probe(e.Capabilities()), 1); err != nil {
			return result, update, err
		}
		if update, err = e.OptimStep(ctx, adamW); err != nil {
			return result, update, err
		}
	}
	return result, update, nil
}

// requests asks for n samples of every prompt.
func (s Subject) requests(n int) []engine.Request {
	var out []engine.Request
	for i, prompt := range s.Prompts {
		out = append(out, engine.Request{Prompt: prompt, N: n, Seed: uint64(100 + i)})
	}
	return out
}

// params is plain sampling at temperature one, ended by tokens.
func (s Subject) params(stop ...negativa.Token) engine.SampleParams {
	return engine.SampleParams{MaxTokens: s.MaxTokens, Temperature: 1, TopP: 1, Stop: stop}
}

// sequences are the completions of groups of samples, with their recorded log-probs.
func sequences(requests []engine.Request, groups [][]negativa.Rollout) (out []engine.Sequence, recorded [][]float32) {
	for i, group := range groups {
		for _, r := range group {
			out = append(out, engine.Sequence{Prompt: requests[i].Prompt, Completion: r.Tokens})
			recorded = append(recorded, r.Logprobs)
		}
	}
	return out, recorded
}
