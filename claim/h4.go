package claim

import "context"

var h4 = Claim{
	ID:         "H4",
	Statement:  "Lifting the advantage of as many other tokens, instead of those of strategy, gains nothing over GRPO.",
	Source:     "arXiv 2509.03646, ablations",
	Literature: "Qwen2.5-7B-Base, AIME24/25: GRPO 16.3/11.4, HICRA 18.8/14.8, placebo n-grams 14.6/9.3",
	Quantity:   "Pass@1 after HICRA with the placebo mask − after Dr. GRPO, percentage points",
	Predicate:  Below(2),
	Preset:     standard + ", but a base of 600 pretraining steps on methods:max=99,unsuited=30, one for each seed, trained on methods:max=99; objectives dr-grpo, hicra (α = 0.2) and hicra with hicra_tokens placebo; Pass@1 of 256 samples of 200 problems at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		tagged := variation{from: taggedBase, task: "methods:max=99"}
		passed := map[string]float64{}
		for name, v := range map[string]variation{"Dr. GRPO": {objective: "dr-grpo"}, "HICRA": {objective: "hicra"}, "placebo": {objective: "hicra", with: "hicra_tokens: placebo"}} {
			v.from, v.task = tagged.from, tagged.task
			e, err := l.after(ctx, v, seed)
			if err != nil {
				return found{}, err
			}
			passed["Pass@1 "+name] = passAt(e, 1)
		}
		return found{passed["Pass@1 placebo"] - passed["Pass@1 Dr. GRPO"], passed}, nil
	},
}
