package claim

import (
	"context"
	"path/filepath"

	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

var s6 = Claim{
	ID:         "S6",
	Statement:  "Training again, with only those weights free that training changed, gets further than with as many weights at random.",
	Source:     "arXiv 2505.11711, table 3",
	Literature: "masked retraining: MATH500 69.8 → 72.2 (PRIME), average 40.3 → 41.9 (DPO); no random mask there",
	Quantity:   "Pass@1 after retraining under the mask of changed weights − under a random mask of as many weights in each tensor, percentage points",
	Predicate:  Above(0),
	Preset:     standard + "; objective grpo, but learning rate 3e-6, at which some two thirds of the weights change in bfloat16",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		v := variation{objective: "grpo", with: "learning_rate: 3e-6"}
		before, after, err := l.both(ctx, v, seed, safetensors.BF16)
		if err != nil {
			return found{}, err
		}
		changed, err := l.changes(ctx, v, seed, safetensors.BF16, false)
		if err != nil {
			return found{}, err
		}
		whole, err := l.after(ctx, v, seed)
		if err != nil {
			return found{}, err
		}
		own, random := filepath.Join(after, "own.mask"), filepath.Join(after, "random.mask")
		if err := diagnose.WriteMask(ctx, own, before, after); err != nil {
			return found{}, err
		}
		if err := diagnose.WriteRandomMask(ctx, random, before, after, seed); err != nil {
			return found{}, err
		}
		masked, err := l.under(ctx, v, own, seed)
		if err != nil {
			return found{}, err
		}
		placebo, err := l.under(ctx, v, random, seed)
		return found{passAt(masked, 1) - passAt(placebo, 1), beside{
			"Pass@1 all weights": passAt(whole, 1), "Pass@1 mask": passAt(masked, 1), "Pass@1 random mask": passAt(placebo, 1),
			"share of weights": 1 - float64(changed.Total.Sparsity.Bits),
		}}, err
	},
}

// under trains again with a mask.
func (l *Lab) under(ctx context.Context, v variation, mask string, seed uint64) (eval.Evaluation, error) {
	v.with += "\nupdate_mask: " + mask
	return l.after(ctx, v, seed)
}
