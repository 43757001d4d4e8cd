package claim

import "context"

var c10m = Claim{
	ID:         "C10M",
	Statement:  "In a model, too, the likeliest other token gets more of what NSR takes than its share in proportion.",
	Source:     "arXiv 2407.10490, §3.3, asked of arXiv 2506.01347, eq. 8",
	Literature: "most of the freed mass goes to the arg-max (preference tuning; no share is given for this case)",
	Quantity:   "share of the freed probability that the likeliest other token gets − its share in proportion, of tokens of wrong samples, mean over the first step and every tenth",
	Predicate:  Above(0),
	Preset:     objectives + "; objective nsr; some 200 tokens of wrong samples a probe, before and after a whole step, whose other rows move them as well",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.train(ctx, variation{objective: "nsr", probe: true}, seed)
		if err != nil {
			return found{}, err
		}
		share, inProportion := t.mean("probe/suppressed/to_argmax"), t.mean("probe/suppressed/to_argmax_proportional")
		return found{share - inProportion, beside{
			"share of the likeliest": share, "in proportion": inProportion, "by the squeezing effect alone": t.mean("probe/suppressed/to_argmax_squeezed"),
			"suppressed tokens that fell": t.mean("probe/suppressed/fell"),
		}}, nil
	},
}
