package claim

import (
	"context"
	"math"

	"github.com/negativa-lab/negativa/task"
)

var e1 = Claim{
	ID:         "E1",
	Statement:  "Within the first part of training nearly all answers are in one format.",
	Source:     "arXiv 2504.07912, §3.1",
	Literature: "150M models: one format takes over within the first epoch (62 / 28 % before, nearly all after)",
	Quantity:   "share of the commonest format after 50 steps, percent, the lower of grpo and ppo",
	Predicate:  Above(95),
	Preset:     standard + ", but a base of 250 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 2 : 1 : 1, one for each seed, trained on the same; objectives grpo and ppo; shares over the ten steps up to the fiftieth",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, least := beside{}, math.Inf(1)
		for _, name := range []string{"grpo", "ppo"} {
			t, err := l.train(ctx, variation{objective: name, from: threeFormats}, seed)
			if err != nil {
				return found{}, err
			}
			half := min(50, len(t.metrics))
			for _, format := range task.Formats() {
				numbers[name+" "+format+" before"] = 100 * t.metrics[0]["format/"+format+"/share"]
				numbers[name+" "+format] = 100 * t.around(half, "format/"+format+"/share")
			}
			least = min(least, 100-minority(t, half))
		}
		return found{least, numbers}, nil
	},
}
