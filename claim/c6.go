package claim

import "context"

var c6 = Claim{
	ID:         "C6",
	Statement:  "After hundreds of steps NSR decays and W-REINFORCE does not.",
	Source:     "arXiv 2506.01347, limitations",
	Literature: "NSR degrades after hundreds of gradient steps (no number); version 2 adds that GRPO does as well",
	Quantity:   "fall of the share of right samples, from the best ten steps to the last ten, under NSR − under W-REINFORCE, percentage points",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and w-reinforce (λ = 0.1), but 400 steps",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		fall := map[string]float64{}
		numbers := beside{}
		for _, name := range []string{"nsr", "w-reinforce"} {
			t, err := l.train(ctx, variation{objective: name, steps: 400}, seed)
			if err != nil {
				return found{}, err
			}
			best, last := 0.0, t.late("correct_ratio")
			for step := range t.metrics {
				best = max(best, t.around(step+1, "correct_ratio"))
			}
			fall[name] = 100 * (best - last)
			numbers["best "+name], numbers["last "+name] = 100*best, 100*last
			numbers["entropy "+name] = t.late("entropy")
		}
		return found{fall["nsr"] - fall["w-reinforce"], numbers}, nil
	},
}
