package claim

import "context"

var y1p = Claim{
	ID:         "Y1P",
	Statement:  "PPO and PSR, too, are above the base at k = 1, and the base passes both at large k.",
	Source:     "arXiv 2504.13837, table 2; arXiv 2506.01347, table 1",
	Literature: "MATH, Pass@256: base 96.9, PPO 96.3, PSR 91.2",
	Quantity:   "Pass@256 − Pass@256 of the base, percentage points, the higher of PPO and PSR",
	Predicate:  Below(0),
	Preset:     standard + "; objectives ppo and psr; Pass@k of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		base, err := l.before(ctx, variation{}, seed)
		if err != nil {
			return found{}, err
		}
		ppo, err := l.after(ctx, variation{objective: "ppo"}, seed)
		if err != nil {
			return found{}, err
		}
		psr, err := l.after(ctx, variation{objective: "psr"}, seed)
		return found{max(passAt(ppo, 0), passAt(psr, 0)) - passAt(base, 0), beside{
			"Pass@1 base": passAt(base, 1), "Pass@1 PPO": passAt(ppo, 1), "Pass@1 PSR": passAt(psr, 1),
			"Pass@256 base": passAt(base, 0), "Pass@256 PPO": passAt(ppo, 0), "Pass@256 PSR": passAt(psr, 0),
		}}, err
	},
}
