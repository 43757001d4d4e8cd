package claim

import (
	"context"
	"math"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/tabular"
	"github.com/negativa-lab/negativa/objective"
)

var c10 = Claim{
	ID:         "C10",
	Statement:  "What NSR takes from a token goes to the others in proportion to their probabilities.",
	Source:     "arXiv 2506.01347, §3.2, eq. 8, read as a statement about probabilities, against arXiv 2407.10490, §3.3",
	Literature: "eq. 8 has the logits move by π_v; the squeezing effect says that the likeliest token gets most",
	Quantity:   "share of the freed probability that the likeliest other arm gets / its share in proportion, after one small SGD step on a wrong arm, mean over wrong arms",
	Predicate:  Range{0.95, 1.05},
	Preset:     "softmax bandit: 20 arms, 5 right, normal logits of deviation 1; one step of SGD at 0.01 with advantage −1 on one wrong arm, ratio 1",
	Seeds:      10,
	measure: func(ctx context.Context, _ *Lab, seed uint64) (found, error) {
		share, inProportion, fell, n := 0.0, 0.0, 0.0, 0.0
		for y := negativa.Token(rightArms); y < arms; y++ {
			before, after, err := suppress(ctx, y, seed)
			if err != nil {
				return found{}, err
			}
			for v := range before {
				if v != int(y) && after[v] < before[v] {
					fell++
				}
			}
			outlook := diagnose.OutlookOf(before, int(y))
			lost, gained := outlook.Freed(after)
			share, inProportion = share+gained/lost, inProportion+outlook.Proportional
			n++
		}
		return found{share / inProportion, beside{
			"share of the likeliest": share / n, "in proportion": inProportion / n, "other arms that fall as well, of 19": fell / n,
		}}, nil
	},
}

// suppress is the distribution before and after one step that pushes an arm down.
func suppress(ctx context.Context, y negativa.Token, seed uint64) (before, after []float64, err error) {
	e, err := newBandit(seed)
	if err != nil {
		return nil, nil, err
	}
	if before, err = armProbabilities(e); err != nil {
		return nil, nil, err
	}
	nsr, err := objective.Default("nsr")
	if err != nil {
		return nil, nil, err
	}
	wrong := negativa.Datum{
		ID: "0", Prompt: []negativa.Token{0}, Completion: []negativa.Token{y}, Sign: -1,
		Row: negativa.Row{Weight: 1, Behaviour: []float64{math.Log(before[y])}, Advantages: []float64{-1}},
	}
	if _, err := e.ForwardBackward(ctx, []negativa.Datum{wrong}, nsr.Loss(), 1); err != nil {
		return nil, nil, err
	}
	if _, err := e.OptimStep(ctx, engine.OptimParams{Optimizer: engine.SGD, LearningRate: 0.01}); err != nil {
		return nil, nil, err
	}
	after, err = armProbabilities(e)
	return before, after, err
}

// armProbabilities are those of a bandit's arms.
func armProbabilities(e *tabular.Engine) ([]float64, error) {
	all, err := e.Enumerate([]negativa.Token{0})
	p := make([]float64, arms)
	for _, c := range all {
		p[c.Tokens[0]] = c.Probability
	}
	return p, err
}
