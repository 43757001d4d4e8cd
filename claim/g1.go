package claim

import "context"

var g1 = Claim{
	ID:         "G1",
	Statement:  "Suppressing wrong answers raises right ones that were never sampled.",
	Source:     "arXiv 2506.01347, §3.2, against arXiv 2505.18830",
	Literature: "the first: freed mass goes to what the prior holds likely; the second: negative gradients lower the likelihood of right answers (neither measures unsampled ones)",
	Quantity:   "change of ln P of right answers that none of a problem's eight samples gave, nats a step, mean over the first step and every tenth",
	Predicate:  Above(0),
	Preset:     objectives + "; objective nsr; right answers are listed, in canonical writing; psr beside",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		nsr, err := l.train(ctx, variation{objective: "nsr", probe: true}, seed)
		if err != nil {
			return found{}, err
		}
		psr, err := l.train(ctx, variation{objective: "psr", probe: true}, seed)
		if err != nil {
			return found{}, err
		}
		numbers := beside{}
		for name, t := range map[string]*training{"nsr": nsr, "psr": psr} {
			for _, set := range []string{"old_right", "old_wrong", "unsampled_right"} {
				numbers[name+" "+set] = t.mean("probe/" + set + "/dlogp")
			}
		}
		return found{numbers["nsr unsampled_right"], numbers}, nil
	},
}
