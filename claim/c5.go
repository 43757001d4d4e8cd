package claim

import (
	"context"
	"fmt"
)

var c5 = Claim{
	ID:         "C5",
	Statement:  "A little reinforcement costs nothing at large k, and all of it does: Pass@256 of W-REINFORCE falls between λ ≤ 0.1 and λ = 1.",
	Source:     "arXiv 2506.01347 v2, appendix E, table 4",
	Literature: "MATH, Pass@1 / Pass@256 at λ = 0, 0.05, 0.1, 0.2, 1: 75.7/96.9, 75.6/97.1, 76.6/96.7, 75.8/95.9, 74.8/92.0",
	Quantity:   "mean Pass@256 at λ = 0, 0.05 and 0.1 − Pass@256 at λ = 1, percentage points",
	Predicate:  Above(0),
	Preset:     standard + "; objective w-reinforce with λ = 0, 0.05, 0.1, 0.2 and 1; Pass@k of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, small := beside{}, 0.0
		for _, lambda := range []float64{0, 0.05, 0.1, 0.2, 1} {
			e, err := l.after(ctx, variation{objective: "w-reinforce", with: fmt.Sprintf("lambda: %v", lambda)}, seed)
			if err != nil {
				return found{}, err
			}
			numbers[fmt.Sprintf("Pass@1 λ=%v", lambda)] = passAt(e, 1)
			numbers[fmt.Sprintf("Pass@256 λ=%v", lambda)] = passAt(e, 0)
			if lambda <= 0.1 {
				small += passAt(e, 0) / 3
			}
		}
		return found{small - numbers["Pass@256 λ=1"], numbers}, nil
	},
}
