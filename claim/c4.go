package claim

import (
	"context"
	"math"
)

var c4 = Claim{
	ID:         "C4",
	Statement:  "On the problems that it trains on, PSR ends with the largest share of right samples and of problems with right samples only, GRPO is between, NSR last; all end above the start.",
	Source:     "arXiv 2506.01347, figure 4c and 4d",
	Literature: "right samples: PSR 90, GRPO 89, NSR 85 %; fully solved problems: 82, 79, 66 % (read off a figure)",
	Quantity:   "smallest of the differences PSR − GRPO, GRPO − NSR and NSR − first step, in right samples and in fully solved problems, of the last ten steps, percentage points",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives psr, grpo and nsr at equal rollouts; 1,024 samples of 128 problems a step",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, least := beside{}, math.Inf(1)
		for _, metric := range []string{"correct_ratio", "fully_solved_ratio"} {
			above := math.Inf(1)
			for _, name := range []string{"psr", "grpo", "nsr"} {
				t, err := l.train(ctx, variation{objective: name}, seed)
				if err != nil {
					return found{}, err
				}
				now := 100 * t.late(metric)
				numbers[metric+" "+name] = now
				if name != "psr" {
					least = min(least, above-now)
				}
				if name == "nsr" {
					least = min(least, now-100*t.metrics[0][metric])
				}
				above = now
			}
		}
		return found{least, numbers}, nil
	},
}
