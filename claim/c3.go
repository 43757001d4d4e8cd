package claim

import "context"

var c3 = Claim{
	ID:         "C3",
	Statement:  "NSR ends with a higher entropy than PSR.",
	Source:     "arXiv 2506.01347, figure 4b",
	Literature: "order at the end: NSR above PPO and GRPO above PSR (read off a figure)",
	Quantity:   "entropy after NSR − entropy after PSR, nats a token, of samples of the last step",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr at equal rollouts",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		nsr, err := l.train(ctx, variation{objective: "nsr"}, seed)
		if err != nil {
			return found{}, err
		}
		psr, err := l.train(ctx, variation{objective: "psr"}, seed)
		if err != nil {
			return found{}, err
		}
		last := func(t *training) float64 { return t.metrics[len(t.metrics)-1]["entropy"] }
		return found{last(nsr) - last(psr), beside{"NSR": last(nsr), "PSR": last(psr)}}, nil
	},
}
