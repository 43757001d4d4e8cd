package claim

import "context"

var y4 = Claim{
	ID:         "Y4",
	Statement:  "The longer GRPO trains, the higher Pass@1 and the lower Pass@256.",
	Source:     "arXiv 2504.13837, table 3",
	Literature: "Omni-MATH test, steps 150 → 450: Pass@1 25.1 → 28.3, Pass@256 68.3 → 63.9",
	Quantity:   "Pass@256 after 200 steps − after 50 steps, percentage points",
	Predicate:  Below(0),
	Preset:     standard + "; objective grpo, but 50 and 200 steps; Pass@k of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		early, err := l.after(ctx, variation{objective: "grpo", steps: 50}, seed)
		if err != nil {
			return found{}, err
		}
		later, err := l.after(ctx, variation{objective: "grpo", steps: 200}, seed)
		return found{passAt(later, 0) - passAt(early, 0), beside{
			"Pass@1 at 50": passAt(early, 1), "Pass@1 at 200": passAt(later, 1), "Pass@256 at 50": passAt(early, 0), "Pass@256 at 200": passAt(later, 0),
		}}, err
	},
}
