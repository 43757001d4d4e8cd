package claim

import "context"

var c9 = Claim{
	ID:         "C9",
	Statement:  "From a weak base NSR alone stalls, and reinforcement is needed.",
	Source:     "github.com/TianHongZXY/RLVR-Decomposed, issue 19, the authors",
	Literature: "weak base models need a larger λ (no number); on a bandit with a weak base NSR is the faster of the two",
	Quantity:   "Pass@1 after REINFORCE (λ = 1) − after NSR, percentage points",
	Predicate:  Above(0),
	Preset:     objectives + ", but a base of 150 pretraining steps, one for each seed, with Pass@1 of some 1 %; objectives nsr, w-reinforce (λ = 0.1) and w-reinforce with λ = 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		weak := prior{task: "countdown", with: "max_steps: 150"}
		base, err := l.before(ctx, variation{from: weak}, seed)
		if err != nil {
			return found{}, err
		}
		nsr, err := l.after(ctx, variation{objective: "nsr", from: weak}, seed)
		if err != nil {
			return found{}, err
		}
		some, err := l.after(ctx, variation{objective: "w-reinforce", from: weak}, seed)
		if err != nil {
			return found{}, err
		}
		whole, err := l.after(ctx, variation{objective: "w-reinforce", with: "lambda: 1", from: weak}, seed)
		return found{passAt(whole, 1) - passAt(nsr, 1), beside{
			"Pass@1 base": passAt(base, 1), "Pass@1 NSR": passAt(nsr, 1), "Pass@1 λ=0.1": passAt(some, 1), "Pass@1 λ=1": passAt(whole, 1),
			"Pass@256 base": passAt(base, 0), "Pass@256 NSR": passAt(nsr, 0), "Pass@256 λ=0.1": passAt(some, 0), "Pass@256 λ=1": passAt(whole, 0),
		}}, err
	},
}
