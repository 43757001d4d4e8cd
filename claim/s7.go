package claim

import "context"

var s7 = Claim{
	ID:         "S7",
	Statement:  "PSR and NSR, from one base and one seed, change the same weights more often than chance.",
	Source:     "arXiv 2505.11711, table 4, asked of the two halves of the signal, which nobody reports",
	Literature: "two seeds of one method: o₁ 60.5 % where chance gives 36.7 %",
	Quantity:   "Jaccard index of the weights changed in bfloat16 under PSR and NSR − that of chance, 20 steps",
	Predicate:  Above(0),
	Preset:     standard + "; objectives psr and nsr, 20 steps, weights rounded to bfloat16 before they are compared",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		pair, err := l.overlap(ctx, [2]variation{{objective: "psr", steps: 20}, {objective: "nsr", steps: 20}}, [2]uint64{seed, seed})
		return found{float64(pair.Jaccard - pair.Chance.Jaccard), beside{"Jaccard": float64(pair.Jaccard), "of chance": float64(pair.Chance.Jaccard), "cosine of the changes": float64(pair.Cosine)}}, err
	},
}
