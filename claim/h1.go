package claim

import "context"

var h1 = Claim{
	ID:         "H1",
	Statement:  "What is execution settles first: most of the fall of its entropy is in the first third of training.",
	Source:     "arXiv 2509.03646, §2",
	Literature: "phase 1: perplexity and entropy of execution tokens fall sharply, then flatten (curves)",
	Quantity:   "share of the fall of the entropy of execution tokens that is made by the thirtieth step, GRPO, means of ten steps",
	Predicate:  Above(0.5),
	Preset:     standard + ", but a base of 600 pretraining steps on methods:max=99,unsuited=30, one for each seed, trained on methods:max=99; objective grpo",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (found, error) {
		t, err := l.train(ctx, variation{objective: "grpo", from: taggedBase, task: "methods:max=99"}, seed)
		if err != nil {
			return found{}, err
		}
		const execution = "entropy/execution"
		before, then, last := t.metrics[0][execution], t.around(min(30, len(t.metrics)), execution), t.late(execution)
		return found{(before - then) / (before - last), beside{"before": before, "at 30": then, "at the end": last}}, nil
	},
}
