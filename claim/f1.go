package claim

import (
	"context"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/objective"
)

var f1 = Claim{
	ID:         "F1",
	Statement:  "On policy, with log-probabilities summed and one constant divisor, PSR and NSR have the same expected gradient.",
	Source:     "follows from arXiv 2506.01347, eq. 2 to 4: L_PSR = −P(right), L_NSR = P(wrong) − … = 1 − P(right)",
	Literature: "none: stated nowhere; the paper contrasts the two",
	Quantity:   "largest of |1 − cosine| and |1 − ratio of norms| between the exact expected gradients",
	Predicate:  Below(1e-12),
	Preset:     "softmax bandit: 20 arms, 5 right, normal logits of deviation 1; every arm weighed by its probability; ratio 1",
	Seeds:      10,
	measure: func(ctx context.Context, _ *Lab, seed uint64) (found, error) {
		e, err := newBandit(seed)
		if err != nil {
			return found{}, err
		}
		all, err := e.Enumerate([]negativa.Token{0})
		if err != nil {
			return found{}, err
		}
		o, err := objective.Default("reinforce") // A = 2r − 1: the right half is PSR's gradient, the wrong half NSR's
		if err != nil {
			return found{}, err
		}
		var batch []negativa.Datum
		for _, c := range all {
			d := negativa.Datum{
				ID: fmt.Sprintf("%03d", c.Tokens[0]), Prompt: []negativa.Token{0}, Completion: c.Tokens, Sign: -1,
				Row: negativa.Row{Weight: c.Probability, Behaviour: []float64{math.Log(c.Probability)}, Advantages: []float64{-1}},
			}
			if isRight(c.Tokens[0]) {
				d.Sign, d.Row.Advantages = 1, []float64{1}
			}
			batch = append(batch, d)
		}
		r, err := e.ForwardBackward(ctx, batch, o.Loss(), 1)
		return just(max(math.Abs(1-r.Cosine), math.Abs(1-r.RightNorm/r.WrongNorm)), err)
	},
}
