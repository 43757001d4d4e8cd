package claim

import "context"

var e2 = Claim{
	ID:         "E2",
	Statement:  "The format goes on moving after accuracy has stopped.",
	Source:     "arXiv 2504.07912, §3.2",
	Literature: "shares go on shifting where Pass@1 is flat (curves)",
	Quantity:   "share of the winning format at the end − at the step at which 95 % of the gain in right samples is made, percentage points, GRPO",
	Predicate:  Above(0),
	Preset:     standard + ", but a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, one for each seed, trained on the same; objective grpo; means of ten steps",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.train(ctx, variation{objective: "grpo", from: threeFormats}, seed)
		if err != nil {
			return found{}, err
		}
		winner := "format/" + t.winner() + "/share"
		before := t.metrics[0]["correct_ratio"]
		made := t.reaches(before + 0.95*(t.late("correct_ratio")-before))
		return found{100 * (t.late(winner) - t.around(made, winner)), beside{
			"step": float64(made), "share before": 100 * t.metrics[0][winner], "share then": 100 * t.around(made, winner), "share at the end": 100 * t.late(winner),
		}}, nil
	},
}
