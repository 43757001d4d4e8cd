package claim

import "context"

var e7 = Claim{
	ID:         "E7",
	Statement:  "Where the base has no right answer, no objective finds one.",
	Source:     "github.com/DanielHuangjiakang/openrlhf-pretrain, the model without code in its pretraining; arXiv 2504.13837",
	Literature: "flat over 13 checkpoints: Pass@1 0.7 %",
	Quantity:   "largest Pass@1 after training, percent, over psr, nsr, w-reinforce and grpo",
	Predicate:  Below(1),
	Preset:     objectives + ", but task countdown:numbers=4, of which the base of countdown:numbers=3 solves nothing; objectives psr, nsr, w-reinforce (λ = 0.1) and grpo; Pass@k of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		numbers, largest := beside{}, 0.0
		beyond := "countdown:numbers=4"
		base, err := l.before(ctx, variation{task: beyond}, seed)
		if err != nil {
			return found{}, err
		}
		numbers["Pass@256 base"] = passAt(base, 0)
		for _, name := range []string{"psr", "nsr", "w-reinforce", "grpo"} {
			v := variation{objective: name, task: beyond}
			e, err := l.after(ctx, v, seed)
			if err != nil {
				return found{}, err
			}
			t, err := l.train(ctx, v, seed)
			if err != nil {
				return found{}, err
			}
			numbers["Pass@256 "+name], numbers["entropy "+name] = passAt(e, 0), t.late("entropy")
			largest = max(largest, passAt(e, 1))
		}
		return found{largest, numbers}, nil
	},
}
