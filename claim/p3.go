package claim

import "context"

var p3 = Claim{
	ID:         "P3",
	Statement:  "Where the likelier format is the worse one, random rewards lower accuracy.",
	Source:     "arXiv 2506.10947, §5: models whose code is worse than their prose lose",
	Literature: "OLMo2-7B-SFT (98 % code; 21.0 % right with it, 40.0 without): flat or down",
	Quantity:   "share of right samples in the last ten steps − before, percentage points",
	Predicate:  Below(0),
	Preset:     standard + ", but random rewards of share 0.5 and a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 1 : 1 : 3, of which code is the likeliest and the least accurate, one for each seed; objective grpo with beta 0",
	Seeds:      5,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.spurious(ctx, prior{"chain:terms=3,max=9,plain=1,words=1,code=3", "max_steps: 250"}, "", seed)
		if err != nil {
			return found{}, err
		}
		numbers := beside{"share of code before": 100 * t.metrics[0]["format/code/share"], "share of code, points": t.drift("format/code/share")}
		for _, format := range []string{"plain", "words", "code"} {
			numbers["accuracy of "+format+" before"] = 100 * t.metrics[0]["format/"+format+"/accuracy"]
		}
		return found{t.drift("correct_ratio"), numbers}, nil
	},
}
