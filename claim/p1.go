package claim

import "context"

var p1 = Claim{
	ID:         "P1",
	Statement:  "Random rewards, clipped and off policy, draw answers into the format that is likelier already.",
	Source:     "arXiv 2506.10947, §4 and 5",
	Literature: "Qwen2.5-Math-7B: answers with Python 65 → 95.6 %, MATH-500 +21.4",
	Quantity:   "share of the format plain in the last ten steps − before, percentage points",
	Predicate:  Above(0),
	Preset:     standard + ", but random rewards of share 0.5 and a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, of which plain is the likeliest and the most accurate, one for each seed; objective grpo with beta 0",
	Seeds:      5,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.spurious(ctx, threeFormats, "", seed)
		if err != nil {
			return found{}, err
		}
		return found{t.drift("format/plain/share"), beside{
			"share before": 100 * t.metrics[0]["format/plain/share"], "right samples, points": t.drift("correct_ratio"),
		}}, nil
	},
}
