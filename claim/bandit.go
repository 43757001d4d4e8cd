package claim

import (
	"context"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/tabular"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/objective"
)

// A bandit is one state with twenty arms, of which the first five are right: a softmax policy
// whose every expectation is a finite sum, and what is left of training when there are no
// sequences, no generalisation and no model.
const (
	arms      = 20
	rightArms = 5
	pulls     = 64   // samples a step
	steps     = 1500 // rollout steps
)

const banditPreset = "softmax bandit: 20 arms, 5 right, normal logits of deviation 1; 1,500 steps of 64 pulls, 4 mini-batches, clip 0.2, token mean over rows kept, a last mini-batch by its share"

func newBandit(seed uint64) (*tabular.Engine, error) {
	return tabular.New(tabular.Config{VocabSize: arms, MaxTokens: 1, Prompts: [][]negativa.Token{{0}}, InitializerRange: 1}, seed)
}

func isRight(token negativa.Token) bool { return token < rightArms }

// pull makes rows of drawn arms.
func pull(e *tabular.Engine, o objective.Objective, step int, seed uint64) ([]negativa.Datum, error) {
	request := engine.Request{Prompt: []negativa.Token{0}, N: pulls, Seed: draw.New(seed, "bandit").At(uint64(step)).Uint64(0)}
	drawn, err := e.Sample(context.Background(), []engine.Request{request}, engine.SampleParams{MaxTokens: 1, Temperature: 1, TopP: 1})
	if err != nil {
		return nil, err
	}
	rewards := make([]float64, pulls)
	for i, r := range drawn[0] {
		if isRight(r.Tokens[0]) {
			rewards[i] = 1
		}
	}
	var rows []negativa.Datum
	for i, a := range o.Advantages([][]float64{rewards})[0] {
		if o.Subset && a == 0 {
			continue
		}
		r := drawn[0][i]
		rows = append(rows, negativa.Datum{
			ID: fmt.Sprintf("%03d", i), Prompt: []negativa.Token{0}, Completion: r.Tokens, Sign: int(2*rewards[i] - 1),
			Row: negativa.Row{Behaviour: []float64{float64(r.Logprobs[0])}, Advantages: []float64{a}},
		})
	}
	return rows, nil
}

// playBandit trains and returns how many right arms the policy still uses: exp(H(p | right)).
func playBandit(ctx context.Context, name string, optimizer engine.OptimParams, seed uint64, minis int) (float64, error) {
	e, err := newBandit(seed)
	if err != nil {
		return 0, err
	}
	o, err := objective.Default(name)
	if err != nil {
		return 0, err
	}
	for step := range steps {
		rows, err := pull(e, o, step, seed)
		if err != nil {
			return 0, err
		}
		size := pulls / minis
		for from := 0; from < len(rows); from += size {
			mini := rows[from:min(from+size, len(rows))]
			for i := range mini {
				mini[i].Row.Weight = 1 / float64(size)
			}
			if _, err := e.ForwardBackward(ctx, mini, o.Loss(), 1); err != nil {
				return 0, err
			}
			if _, err := e.OptimStep(ctx, optimizer); err != nil {
				return 0, err
			}
		}
	}
	return effectiveArms(e)
}

// effectiveArms is exp(H(p | right)): how many right arms are in use.
func effectiveArms(e *tabular.Engine) (float64, error) {
	p, err := armProbabilities(e)
	if err != nil {
		return 0, err
	}
	right, entropy := 0.0, 0.0
	for _, q := range p[:rightArms] {
		right += q
	}
	for _, q := range p[:rightArms] {
		if q > 0 {
			entropy -= q / right * math.Log(q/right)
		}
	}
	return math.Exp(entropy), nil
}

var (
	adam = engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	sgd  = engine.OptimParams{Optimizer: engine.SGD, LearningRate: 0.1}
)

// gap is how many more right arms NSR leaves in use than PSR.
func gap(ctx context.Context, optimizer engine.OptimParams, seed uint64, minis int) (found, error) {
	nsr, err := playBandit(ctx, "nsr", optimizer, seed, minis)
	if err != nil {
		return found{}, err
	}
	psr, err := playBandit(ctx, "psr", optimizer, seed, minis)
	return found{nsr - psr, beside{"NSR": nsr, "PSR": psr}}, err
}
