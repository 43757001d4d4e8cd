package claim

import "context"

var e6 = Claim{
	ID:         "E6",
	Statement:  "At equal accuracy NSR and W-REINFORCE keep more of the other formats than PSR and GRPO.",
	Source:     "conjectured of arXiv 2506.01347 and 2504.07912 together; measured in neither",
	Literature: "none",
	Quantity:   "share of all but the commonest format, mean of nsr and w-reinforce − mean of psr and grpo, percentage points, each at the ten steps at which its share of right samples is nearest to the lowest final one",
	Predicate:  Above(0),
	Preset:     objectives + ", but a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, one for each seed, trained on the same; objectives nsr, w-reinforce (λ = 0.1), psr and grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		names := []string{"nsr", "w-reinforce", "psr", "grpo"}
		var vs []variation
		for _, name := range names {
			vs = append(vs, variation{objective: name, from: threeFormats})
		}
		others, err := l.atEqualAccuracy(ctx, seed, minority, vs...)
		if err != nil {
			return found{}, err
		}
		numbers := beside{}
		for i, name := range names {
			numbers["other formats "+name] = others[i]
		}
		return found{(others[0]+others[1])/2 - (others[2]+others[3])/2, numbers}, nil
	},
}
