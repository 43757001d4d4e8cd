package claim

import "context"

var r2 = Claim{
	ID:         "R2",
	Statement:  "Over a long training a penalty on the divergence from a reference, which is renewed with the optimizer, keeps entropy up.",
	Source:     "arXiv 2505.24864, §2.3",
	Literature: "without them entropy collapses and gains stop (curves; the weight of the penalty is not stated)",
	Quantity:   "entropy at the end with them − without, nats a token, last ten steps",
	Predicate:  Above(0),
	Preset:     standard + "; objective grpo, but 300 steps; beta 0.01 with ref_model_sync_steps 50, against beta 0",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		with, err := l.train(ctx, variation{objective: "grpo", steps: 300, with: "beta: 0.01\nref_model_sync_steps: 50"}, seed)
		if err != nil {
			return found{}, err
		}
		without, err := l.train(ctx, variation{objective: "grpo", steps: 300, with: "beta: 0"}, seed)
		if err != nil {
			return found{}, err
		}
		return found{with.late("entropy") - without.late("entropy"), beside{
			"entropy with": with.late("entropy"), "entropy without": without.late("entropy"),
			"right samples with, %": 100 * with.late("correct_ratio"), "right samples without, %": 100 * without.late("correct_ratio"),
		}}, nil
	},
}
