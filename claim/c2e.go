package claim

import "context"

var c2e = Claim{
	ID:         "C2E",
	Statement:  "At equal Pass@1, too, NSR keeps more of Pass@k at large k than PSR does.",
	Source:     "asked of arXiv 2506.01347, table 1, which compares at equal rollouts: a method that learns more slowly also loses diversity more slowly",
	Literature: "not compared at equal Pass@1",
	Quantity:   "Pass@256 of NSR − Pass@256 of PSR, percentage points, the one with the higher final Pass@1 taken at the step, of every ten, whose Pass@1 is nearest to the other's",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr; Pass@1 on the way of 16 samples, Pass@256 of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		nsr, psr, err := l.atEqualPassAt1(ctx, "nsr", "psr", seed)
		return found{nsr - psr, beside{"Pass@256 NSR": nsr, "Pass@256 PSR": psr}}, err
	},
}
