package claim

import (
	"context"

	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// changes compares a training with the base, both stored in one type.
func (l *Lab) changes(ctx context.Context, v variation, seed uint64, dtype safetensors.DType, ranks bool) (diagnose.Diff, error) {
	t, err := l.train(ctx, v, seed)
	if err != nil {
		return diagnose.Diff{}, err
	}
	before, err := l.baseFolder(dtype)
	if err != nil {
		return diagnose.Diff{}, err
	}
	after, err := l.folder(t.policy, dtype)
	if err != nil {
		return diagnose.Diff{}, err
	}
	return diagnose.Folders(ctx, before, after, diagnose.Options{Ranks: ranks, Threads: l.Threads, Seed: seed})
}

var s1 = Claim{
	ID:         "S1",
	Statement:  "In float32 reinforcement learning leaves almost no weight as it was: sparsity is a matter of the stored type.",
	Source:     "arXiv 2509.04259, §6, against arXiv 2505.11711, table 1",
	Literature: "2505.11711: 68.5 to 96.0 % of weights unchanged (bf16, |Δ| ≤ 1e-5); 2509.04259: none in float32",
	Quantity:   "share of weights whose float32 bits did not change under GRPO, percent",
	Predicate:  Below(5),
	Preset:     standard + "; objective grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		d, err := l.changes(ctx, variation{objective: "grpo"}, seed, safetensors.F32, false)
		return 100 * float64(d.Total.Sparsity.Bits), err
	},
}

var s2 = Claim{
	ID:         "S2",
	Statement:  "Sparsity in bfloat16 falls as the learning rate grows: it measures how far training moved, not where.",
	Source:     "arXiv 2511.08567, §2.3",
	Literature: "raising the learning rate removes the apparent sparsity (no single number)",
	Quantity:   "share of weights unchanged in bfloat16 at learning rate 1e-5 − at 1e-4, percentage points, GRPO, 20 steps",
	Predicate:  Above(10),
	Preset:     standard + "; objective grpo, 20 steps, learning rates 1e-5 and 1e-4, weights rounded to bfloat16 before they are compared",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		slow, err := l.changes(ctx, variation{objective: "grpo", learningRate: 1e-5, steps: 20}, seed, safetensors.BF16, false)
		if err != nil {
			return 0, err
		}
		fast, err := l.changes(ctx, variation{objective: "grpo", steps: 20}, seed, safetensors.BF16, false)
		return 100 * float64(slow.Total.Sparsity.Bits-fast.Total.Sparsity.Bits), err
	},
}

var s5 = Claim{
	ID:         "S5",
	Statement:  "What reinforcement learning adds to a matrix has nearly full rank.",
	Source:     "arXiv 2505.11711, table 2",
	Literature: "mean rank 99.2 to 99.8 % of full",
	Quantity:   "mean rank of the differences of matrices under GRPO, percent of full",
	Predicate:  Range{99, 100},
	Preset:     standard + "; objective grpo; rank as torch.linalg.matrix_rank has it for float32. A random difference has full rank as well: the claim holds or fails without saying much",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		d, err := l.changes(ctx, variation{objective: "grpo"}, seed, safetensors.F32, true)
		sum, n := 0.0, 0.0
		for _, t := range d.Tensors {
			if t.RankFraction != nil {
				sum, n = sum+*t.RankFraction, n+1
			}
		}
		return 100 * sum / n, err
	},
}

var s7 = Claim{
	ID:         "S7",
	Statement:  "PSR and NSR, from one base and one seed, change the same weights more often than chance.",
	Source:     "arXiv 2505.11711, table 4, asked of the two halves of the signal, which nobody reports",
	Literature: "two seeds of one method: o₁ 60.5 % where chance gives 36.7 %",
	Quantity:   "Jaccard index of the weights changed in bfloat16 under PSR and NSR − that of chance, 20 steps",
	Predicate:  Above(0),
	Preset:     standard + "; objectives psr and nsr, 20 steps, weights rounded to bfloat16 before they are compared",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		before, err := l.baseFolder(safetensors.BF16)
		if err != nil {
			return 0, err
		}
		var folders []string
		for _, objective := range []string{"psr", "nsr"} {
			t, err := l.train(ctx, variation{objective: objective, steps: 20}, seed)
			if err != nil {
				return 0, err
			}
			dir, err := l.folder(t.policy, safetensors.BF16)
			if err != nil {
				return 0, err
			}
			folders = append(folders, dir)
		}
		pairs, err := diagnose.Overlaps(ctx, before, folders, diagnose.Options{Threads: l.Threads})
		if err != nil {
			return 0, err
		}
		return float64(pairs[0].Jaccard - pairs[0].Chance.Jaccard), nil
	},
}

var p5 = Claim{
	ID:         "P5",
	Statement:  "A reward that is never given teaches nothing.",
	Source:     "arXiv 2506.10947, §2.2: γ = 0",
	Literature: "of γ ∈ {0.7, 0.5, 0.3, 0.001, 0} only 0 gives no learning",
	Quantity:   "largest norm of the policy gradient under GRPO with random rewards of share 0, without a KL term",
	Predicate:  Range{0, 0},
	Preset:     standard + "; objective dr-grpo (beta 0), 20 steps, reward random:0",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		t, err := l.train(ctx, variation{objective: "dr-grpo", reward: "random:0", steps: 20}, seed)
		if err != nil {
			return 0, err
		}
		largest := 0.0
		for _, m := range t.metrics {
			if norm := m["grad_norm"]; norm > largest {
				largest = norm
			}
		}
		return largest, nil
	},
}
