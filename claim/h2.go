package claim

import "context"

var h2 = Claim{
	ID:         "H2",
	Statement:  "Strategy moves later than execution.",
	Source:     "arXiv 2509.03646, §2",
	Literature: "phase 2: the entropy of strategies moves once execution has flattened (curves)",
	Quantity:   "step at which the entropy of strategies within a problem has made half of its way − the same of the entropy of execution tokens, GRPO, means of ten steps",
	Predicate:  Above(0),
	Preset:     standard + ", but a base of 600 pretraining steps on methods:max=99,unsuited=30, one for each seed, trained on methods:max=99; objective grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.train(ctx, variation{objective: "grpo", from: taggedBase, task: "methods:max=99"}, seed)
		if err != nil {
			return found{}, err
		}
		strategy, execution := float64(t.halfway("strategy_entropy/within")), float64(t.halfway("entropy/execution"))
		return found{strategy - execution, beside{
			"strategy, half of the way": strategy, "execution, half of the way": execution,
			"entropy of strategies before": t.metrics[0]["strategy_entropy/within"], "entropy of strategies at the end": t.late("strategy_entropy/within"),
			"errors of strategy, half of the way": float64(t.halfway("errors/strategy")), "errors of execution, half of the way": float64(t.halfway("errors/execution")),
		}}, nil
	},
}
