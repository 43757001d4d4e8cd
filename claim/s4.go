package claim

import "context"

var s4 = Claim{
	ID:         "S4",
	Statement:  "Two seeds of one method change the same weights more often than chance, and far from always.",
	Source:     "arXiv 2505.11711, table 4; arXiv 2511.08567, table 2",
	Literature: "o₁ 60.5 % where chance gives 36.7 %: 38 % of the way from chance to all",
	Quantity:   "(o₁ − chance) / (1 − chance) of the weights that two seeds of GRPO changed in bfloat16",
	Predicate:  Range{0.05, 0.9},
	Preset:     standard + "; objective grpo, but 20 steps at learning rate 1e-6; seeds s and s + 100; weights rounded to bfloat16 before they are compared",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		v := variation{objective: "grpo", steps: 20, with: "learning_rate: 1e-6"}
		pair, err := l.overlap(ctx, [2]variation{v, v}, [2]uint64{seed, seed + 100})
		shared, chance := float64(pair.O1), float64(pair.Chance.O1)
		return found{(shared - chance) / (1 - chance), beside{
			"o1": shared, "of chance": chance, "Jaccard": float64(pair.Jaccard), "cosine of the changes": float64(pair.Cosine),
		}}, err
	},
}
