package claim

import (
	"context"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

var s5 = Claim{
	ID:         "S5",
	Statement:  "What reinforcement learning adds to a matrix has nearly full rank.",
	Source:     "arXiv 2505.11711, table 2",
	Literature: "mean rank 99.2 to 99.8 % of full",
	Quantity:   "mean rank of the differences of matrices under GRPO, percent of full",
	Predicate:  Range{99, 100},
	Preset:     standard + "; objective grpo; rank as torch.linalg.matrix_rank has it for float32. A random difference has full rank as well: the claim holds or fails without saying much",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		d, err := l.changes(ctx, variation{objective: "grpo"}, seed, safetensors.F32, true)
		sum, n := 0.0, 0.0
		for _, t := range d.Tensors {
			if t.RankFraction != nil {
				sum, n = sum+*t.RankFraction, n+1
			}
		}
		return just(100*sum/n, err)
	},
}
