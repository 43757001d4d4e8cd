package claim

import (
	"context"

	"github.com/negativa-lab/negativa/eval"
)

var y1 = Claim{
	ID:         "Y1",
	Statement:  "GRPO is above the base at k = 1 and the base passes it at large k.",
	Source:     "arXiv 2504.13837, figure 2",
	Literature: "the curves cross at tens to hundreds of samples on every benchmark; Omni-MATH, Pass@256: base 69.1, GRPO 68.3",
	Quantity:   "Pass@256 after GRPO − Pass@256 of the base, percentage points",
	Predicate:  Below(0),
	Preset:     standard + "; objective grpo; Pass@k of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		c, err := l.againstBase(ctx, variation{objective: "grpo"}, seed)
		if err != nil {
			return found{}, err
		}
		first, _ := c.PassAtK.At(1)
		largest, _ := c.PassAtK.At(l.small(256, 32))
		numbers := beside{"Pass@1 GRPO": 100 * first.A, "Pass@1 base": 100 * first.B, "Pass@256 GRPO": 100 * largest.A, "Pass@256 base": 100 * largest.B}
		if c.Crossing != nil && c.Crossing.K != nil {
			numbers["k of the crossing"] = *c.Crossing.K
		}
		return found{100 * largest.AMinusB, numbers}, nil
	},
}

// againstBase compares a training (A) with what it started from (B).
func (l *Lab) againstBase(ctx context.Context, v variation, seed uint64) (eval.Comparison, error) {
	after, err := l.after(ctx, v, seed)
	if err != nil {
		return eval.Comparison{}, err
	}
	before, err := l.before(ctx, v, seed)
	if err != nil {
		return eval.Comparison{}, err
	}
	return eval.Compare(after, before, eval.DefaultBootstrap(1))
}
