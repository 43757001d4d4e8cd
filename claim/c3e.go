package claim

import "context"

var c3e = Claim{
	ID:         "C3E",
	Statement:  "At an equal share of right samples, too, NSR has the higher entropy.",
	Source:     "asked of arXiv 2506.01347, figure 4b, which compares at equal steps",
	Literature: "not compared at equal accuracy",
	Quantity:   "entropy of NSR − of PSR, nats a token, over the last ten steps of the one that ends with fewer right samples and the ten steps of the other with the nearest share",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		entropy := func(t *training, step int) float64 { return t.around(step, "entropy") }
		e, err := l.atEqualAccuracy(ctx, seed, entropy, variation{objective: "nsr"}, variation{objective: "psr"})
		if err != nil {
			return found{}, err
		}
		return found{e[0] - e[1], beside{"NSR": e[0], "PSR": e[1]}}, nil
	},
}
