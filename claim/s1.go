package claim

import (
	"context"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

var s1 = Claim{
	ID:         "S1",
	Statement:  "In float32 reinforcement learning leaves almost no weight as it was: sparsity is a matter of the stored type.",
	Source:     "arXiv 2509.04259, §6, against arXiv 2505.11711, table 1",
	Literature: "2505.11711: 68.5 to 96.0 % of weights unchanged (bf16, |Δ| ≤ 1e-5); 2509.04259: none in float32",
	Quantity:   "share of weights whose float32 bits did not change under GRPO, percent",
	Predicate:  Below(5),
	Preset:     standard + "; objective grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		d, err := l.changes(ctx, variation{objective: "grpo"}, seed, safetensors.F32, false)
		return just(100*float64(d.Total.Sparsity.Bits), err)
	},
}
