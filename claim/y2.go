package claim

import "context"

var y2 = Claim{
	ID:         "Y2",
	Statement:  "What the trained model solves the base solves too, given samples enough.",
	Source:     "arXiv 2504.13837, §4.1 and appendix",
	Literature: "AIME24: all 19 problems that the trained model solves are among the 23 of the base; LiveCodeBench: one of the trained model's is not",
	Quantity:   "problems that GRPO solves in 256 samples and the base does not, percent of those that GRPO solves",
	Predicate:  Range{0, 2},
	Preset:     standard + "; objective grpo; Pass@k of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		c, err := l.againstBase(ctx, variation{objective: "grpo"}, seed)
		if err != nil {
			return found{}, err
		}
		s := c.Solved
		return found{100 * float64(s.OnlyA) / float64(s.Both+s.OnlyA), beside{
			"both": float64(s.Both), "only GRPO": float64(s.OnlyA), "only base": float64(s.OnlyB), "neither": float64(s.Neither),
		}}, nil
	},
}
