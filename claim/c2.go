package claim

import "context"

var c2 = Claim{
	ID:         "C2",
	Statement:  "At equal rollouts NSR keeps more of Pass@k at large k than PSR does.",
	Source:     "arXiv 2506.01347, table 1",
	Literature: "MATH, Pass@256: NSR 96.9, PSR 91.2, base 96.9",
	Quantity:   "Pass@256 after NSR − Pass@256 after PSR, percentage points",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr at equal rollouts; Pass@256 of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		nsr, err := l.after(ctx, variation{objective: "nsr"}, seed)
		if err != nil {
			return found{}, err
		}
		psr, err := l.after(ctx, variation{objective: "psr"}, seed)
		return found{passAt(nsr, 0) - passAt(psr, 0), beside{
			"Pass@1 NSR": passAt(nsr, 1), "Pass@1 PSR": passAt(psr, 1), "Pass@256 NSR": passAt(nsr, 0), "Pass@256 PSR": passAt(psr, 0),
		}}, err
	},
}
