package claim

import "context"

var p4 = Claim{
	ID:         "P4",
	Statement:  "With one format there is nothing for random rewards to bring out.",
	Source:     "follows from arXiv 2506.10947, §5",
	Literature: "OLMo2 and Llama 3, whose answers are of one kind: flat or down",
	Quantity:   "share of right samples in the last ten steps − before, percentage points",
	Predicate:  Range{-5, 5},
	Preset:     standard + ", but random rewards of share 0.5 and a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain alone, one for each seed; objective grpo with beta 0",
	Seeds:      5,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.spurious(ctx, prior{"chain:terms=3,max=9", "max_steps: 250"}, "", seed)
		if err != nil {
			return found{}, err
		}
		return found{t.drift("correct_ratio"), beside{"right samples before, %": 100 * t.metrics[0]["correct_ratio"]}}, nil
	},
}
