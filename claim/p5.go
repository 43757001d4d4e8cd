package claim

import "context"

var p5 = Claim{
	ID:         "P5",
	Statement:  "A reward that is never given teaches nothing.",
	Source:     "arXiv 2506.10947, §2.2: γ = 0",
	Literature: "of γ ∈ {0.7, 0.5, 0.3, 0.001, 0} only 0 gives no learning",
	Quantity:   "largest norm of the policy gradient under GRPO with random rewards of share 0, without a KL term",
	Predicate:  Range{0, 0},
	Preset:     standard + "; objective dr-grpo (beta 0), 20 steps, reward random:0",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		largest := func(share string) (norm, updates float64, err error) {
			t, err := l.train(ctx, variation{objective: "dr-grpo", with: "reward: random:" + share, steps: 20}, seed)
			if err != nil {
				return 0, 0, err
			}
			for _, m := range t.metrics {
				if g, taken := m["grad_norm"]; taken && g > norm { // a step without a row that could move a parameter has none
					norm = g
				}
			}
			return norm, t.optimizerSteps(), nil
		}
		never, updates, err := largest("0")
		if err != nil {
			return found{}, err
		}
		half, others, err := largest("0.5")
		return found{never, beside{"optimizer steps": updates, "largest norm at share 0.5": half, "optimizer steps at share 0.5": others}}, err
	},
}
