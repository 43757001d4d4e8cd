package claim

import (
	"context"
	"fmt"
	"math"
)

var c8 = Claim{
	ID:         "C8",
	Statement:  "NSR keeps its entropy only off policy and with the ratio clipped.",
	Source:     "github.com/TianHongZXY/RLVR-Decomposed, issue 6, a user's report",
	Literature: "the rise of entropy is there only where batch > mini-batch and the clip is on (no number)",
	Quantity:   "entropy after NSR with 4 mini-batches and clip − the highest of the three other cells under AdamW, nats a token, last ten steps",
	Predicate:  Above(0),
	Preset:     objectives + "; objective nsr; cells: clip 0.2 or none (epsilon 0.999999, epsilon_high 1e6) × 4 or 1 mini-batches × AdamW at 1e-4 or SGD at 0.1, the latter beside",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, others := beside{}, math.Inf(-1)
		for _, optimizer := range []string{"optimizer: adamw", "optimizer: sgd\nlearning_rate: 0.1"} {
			for _, clip := range []string{"epsilon: 0.2", "epsilon: 0.999999\nepsilon_high: 1e6"} {
				for _, minis := range []int{4, 1} {
					cell := fmt.Sprintf("%s\n%s\nnum_mini_batches: %d", optimizer, clip, minis)
					t, err := l.train(ctx, variation{objective: "nsr", with: cell}, seed)
					if err != nil {
						return found{}, err
					}
					numbers[cell] = t.late("entropy")
					if optimizer == "optimizer: adamw" && len(numbers) > 1 {
						others = max(others, numbers[cell])
					}
				}
			}
		}
		return found{numbers["optimizer: adamw\nepsilon: 0.2\nnum_mini_batches: 4"] - others, numbers}, nil
	},
}
