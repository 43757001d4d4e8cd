package claim

import "context"

var c7 = Claim{
	ID:         "C7",
	Statement:  "Under plain SGD, on policy, nothing tells PSR from NSR: the negative control.",
	Source:     "follows from F1",
	Literature: "none: a control",
	Quantity:   "effective number of right arms after NSR − after PSR; there are 5",
	Predicate:  Range{-0.5, 0.5},
	Preset:     banditPreset + ", but 1 mini-batch and a divisor of 64 for both; SGD at 0.1",
	Seeds:      10,
	measure:    func(ctx context.Context, _ *Lab, seed uint64) (found, error) { return gap(ctx, sgd, seed, 1) },
}
