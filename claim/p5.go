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
		t, err := l.train(ctx, variation{objective: "dr-grpo", with: "reward: random:0", steps: 20}, seed)
		if err != nil {
			return found{}, err
		}
		largest := 0.0
		for _, m := range t.metrics {
			if norm := m["grad_norm"]; norm > largest {
				largest = norm
			}
		}
		return found{value: largest}, nil
	},
}
