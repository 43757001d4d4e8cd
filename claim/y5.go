package claim

import (
	"context"
	"math"
)

var y5 = Claim{
	ID:         "Y5",
	Statement:  "The gap that remains between one sample and what the base can do in 256 is much the same whatever the algorithm.",
	Source:     "arXiv 2504.13837, §4.3, figure 8 and table 2",
	Literature: "Δ_SE on Omni-MATH test: 41.0 (RLOO) to 45.6 (ReMax), above 40 for each of six algorithms",
	Quantity:   "largest − smallest Δ_SE = Pass@256 of the base − Pass@1, over grpo, ppo, rloo, dr-grpo and dapo, percentage points",
	Predicate:  Below(5),
	Preset:     standard + "; objectives grpo, ppo, rloo, dr-grpo and dapo; Pass@k of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		base, err := l.before(ctx, variation{}, seed)
		if err != nil {
			return found{}, err
		}
		numbers, least, most := beside{}, math.Inf(1), math.Inf(-1)
		for _, name := range []string{"grpo", "ppo", "rloo", "dr-grpo", "dapo"} {
			e, err := l.after(ctx, variation{objective: name}, seed)
			if err != nil {
				return found{}, err
			}
			gap := passAt(base, 0) - passAt(e, 1)
			numbers[name], least, most = gap, min(least, gap), max(most, gap)
		}
		return found{most - least, numbers}, nil
	},
}
