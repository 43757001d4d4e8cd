package claim

import "context"

var c1 = Claim{
	ID:         "C1",
	Statement:  "Suppressing wrong answers alone lifts Pass@1, though no right answer is ever reinforced.",
	Source:     "arXiv 2506.01347, table 1",
	Literature: "Qwen2.5-Math-7B on MATH: Pass@1 63.2 → 75.7 under NSR",
	Quantity:   "Pass@1 after NSR − Pass@1 of the base, percentage points, 200 held-out problems",
	Predicate:  Above(0),
	Preset:     objectives + "; objective nsr; Pass@k of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		return just(l.gain(ctx, variation{objective: "nsr"}, seed, 1))
	},
}
