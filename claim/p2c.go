package claim

import "context"

var p2c = Claim{
	ID:         "P2C",
	Statement:  "Off policy, too, random rewards draw answers nowhere once the clip is off.",
	Source:     "arXiv 2506.10947, §4.2",
	Literature: "the gain vanishes where the clip is off",
	Quantity:   "share of the format plain in the last ten steps − before, percentage points",
	Predicate:  Range{-5, 5},
	Preset:     standard + ", but random rewards of share 0.5 and a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, one for each seed; objective grpo with beta 0 and no clip (epsilon 1, epsilon_high 1e9)",
	Seeds:      5,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.spurious(ctx, threeFormats, "\nepsilon: 1\nepsilon_high: 1e9", seed)
		if err != nil {
			return found{}, err
		}
		return found{t.drift("format/plain/share"), beside{
			"share before": 100 * t.metrics[0]["format/plain/share"], "right samples, points": t.drift("correct_ratio"),
		}}, nil
	},
}
