package claim

import (
	"context"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

var s2 = Claim{
	ID:         "S2",
	Statement:  "Sparsity in bfloat16 falls as the learning rate grows: it measures how far training moved, not where.",
	Source:     "arXiv 2511.08567, §2.3",
	Literature: "raising the learning rate removes the apparent sparsity (no single number)",
	Quantity:   "share of weights unchanged in bfloat16 at learning rate 1e-5 − at 1e-4, percentage points, GRPO, 20 steps",
	Predicate:  Above(10),
	Preset:     standard + "; objective grpo, 20 steps, learning rates 1e-5 and 1e-4, weights rounded to bfloat16 before they are compared",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		slow, err := l.changes(ctx, variation{objective: "grpo", with: "learning_rate: 1e-5", steps: 20}, seed, safetensors.BF16, false)
		if err != nil {
			return found{}, err
		}
		fast, err := l.changes(ctx, variation{objective: "grpo", steps: 20}, seed, safetensors.BF16, false)
		a, b := 100*float64(slow.Total.Sparsity.Bits), 100*float64(fast.Total.Sparsity.Bits)
		return found{a - b, beside{"unchanged at 1e-5": a, "unchanged at 1e-4": b}}, err
	},
}
