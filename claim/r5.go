package claim

import (
	"context"

	"github.com/negativa-lab/negativa/task"
)

var r5 = Claim{
	ID:         "R5",
	Statement:  "What looks like a new ability is in part a format that was learnt: judged by content alone, the gain is smaller.",
	Source:     "arXiv 2505.24864, appendix G.1",
	Literature: "on tasks of Reasoning Gym, 4.2 → 59.1 % on average, part of the base's failure is that it writes \\boxed{} for <answer> (no share is given)",
	Quantity:   "gain of Pass@1 where only the plain format counts − gain where every format counts, percentage points, GRPO rewarded for the plain format",
	Predicate:  Above(0),
	Preset:     standard + ", but a base of 300 pretraining steps on chain:terms=3,max=9 in the formats plain : words : code = 1 : 2 : 1, one for each seed; trained on chain:terms=3,max=9, which is right in the plain format only; objective grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		v := variation{objective: "grpo", from: prior{task: "chain:terms=3,max=9,plain=1,words=2,code=1", with: "max_steps: 300"}, task: "chain:terms=3,max=9"}
		lenient, err := task.New(v.from.task)
		if err != nil {
			return found{}, err
		}
		strict, numbers := [2]float64{}, beside{}
		content := [2]float64{}
		for i, get := range []func(context.Context, variation, uint64) (*training, error){l.untrained, l.train} {
			t, err := get(ctx, v, seed)
			if err != nil {
				return found{}, err
			}
			own, err := l.evaluate(ctx, t)
			if err != nil {
				return found{}, err
			}
			any, err := l.evaluateOn(ctx, t, lenient)
			if err != nil {
				return found{}, err
			}
			strict[i], content[i] = passAt(own, 1), passAt(any, 1)
			when := []string{"before", "after"}[i]
			numbers["plain only, "+when], numbers["any format, "+when] = strict[i], content[i]
		}
		return found{(strict[1] - strict[0]) - (content[1] - content[0]), numbers}, nil
	},
}
