package claim

import "context"

var e4 = Claim{
	ID:         "E4",
	Statement:  "A penalty on the divergence from the base keeps the other formats.",
	Source:     "arXiv 2504.07912, §3.1",
	Literature: "KL 0.01 keeps some of the second format at the same Pass@1; 0 and 0.001 do not differ",
	Quantity:   "share of all but the commonest format with beta 0.01 − with beta 0, percentage points, GRPO",
	Predicate:  Above(0),
	Preset:     standard + ", but a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, one for each seed, trained on the same; objective grpo with beta 0.01 and 0; last ten steps",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		with, err := l.train(ctx, variation{objective: "grpo", from: threeFormats, with: "beta: 0.01"}, seed)
		if err != nil {
			return found{}, err
		}
		without, err := l.train(ctx, variation{objective: "grpo", from: threeFormats, with: "beta: 0"}, seed)
		if err != nil {
			return found{}, err
		}
		a, b := minority(with, len(with.metrics)), minority(without, len(without.metrics))
		return found{a - b, beside{
			"other formats with": a, "other formats without": b,
			"right samples with, %": 100 * with.late("correct_ratio"), "right samples without, %": 100 * without.late("correct_ratio"),
		}}, nil
	},
}
