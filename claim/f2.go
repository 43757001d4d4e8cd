package claim

import "context"

var f2 = Claim{
	ID:         "F2",
	Statement:  "Under Adam NSR keeps more of the right answers in use than PSR.",
	Source:     "the mechanism behind arXiv 2506.01347, table 1, left to a bandit",
	Literature: "none for a bandit",
	Quantity:   "effective number of right arms, exp(H(p | right)), after NSR − after PSR; there are 5",
	Predicate:  Above(0),
	Preset:     banditPreset + "; AdamW at 0.01 without decay",
	Seeds:      10,
	measure:    func(ctx context.Context, _ *Lab, seed uint64) (found, error) { return gap(ctx, adam, seed, 4) },
}
