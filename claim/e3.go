package claim

import "context"

var e3 = Claim{
	ID:         "E3",
	Statement:  "Which format wins depends on the mixture that the base was made of.",
	Source:     "arXiv 2504.07912, §3.2",
	Literature: "4 × OMI1: TinyGSM wins; 8 × OMI1: OMI1 wins, with lower accuracy",
	Quantity:   "share of the format words after GRPO from the mixture plain : words = 1 : 4 − from 4 : 1, percentage points",
	Predicate:  Above(50),
	Preset:     standard + ", but two bases of 250 pretraining steps on chain:terms=3,max=9, in the formats plain : words = 4 : 1 and 1 : 4, for each seed, each trained on the same; objective grpo; last ten steps",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, share := beside{}, [2]float64{}
		for i, mixture := range []string{"plain=4,words=1", "plain=1,words=4"} {
			t, err := l.train(ctx, variation{objective: "grpo", from: prior{"chain:terms=3,max=9," + mixture, "max_steps: 250"}}, seed)
			if err != nil {
				return found{}, err
			}
			share[i] = 100 * t.late("format/words/share")
			numbers[mixture+": words before"], numbers[mixture+": words"] = 100*t.metrics[0]["format/words/share"], share[i]
			for _, format := range []string{"plain", "words"} {
				numbers[mixture+": accuracy of "+format+" before"] = 100 * t.metrics[0]["format/"+format+"/accuracy"]
			}
		}
		return found{share[1] - share[0], numbers}, nil
	},
}
