package claim

import "context"

const objectives = standard + "; PSR and NSR drop rows without an advantage, as the paper's code does"

var c1 = Claim{
	ID:         "C1",
	Statement:  "Suppressing wrong answers alone lifts Pass@1, though no right answer is ever reinforced.",
	Source:     "arXiv 2506.01347, table 1",
	Literature: "Qwen2.5-Math-7B on MATH: Pass@1 63.2 → 75.7 under NSR",
	Quantity:   "Pass@1 after NSR − Pass@1 of the base, percentage points, 200 held-out problems",
	Predicate:  Above(0),
	Preset:     objectives + "; objective nsr; Pass@k of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		return l.gain(ctx, variation{objective: "nsr"}, seed, 1)
	},
}

var c2 = Claim{
	ID:         "C2",
	Statement:  "At equal rollouts NSR keeps more of Pass@k at large k than PSR does.",
	Source:     "arXiv 2506.01347, table 1",
	Literature: "MATH, Pass@256: NSR 96.9, PSR 91.2, base 96.9",
	Quantity:   "Pass@256 after NSR − Pass@256 after PSR, percentage points",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr at equal rollouts; Pass@256 of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		nsr, err := l.gain(ctx, variation{objective: "nsr"}, seed, 0)
		if err != nil {
			return 0, err
		}
		psr, err := l.gain(ctx, variation{objective: "psr"}, seed, 0)
		return nsr - psr, err
	},
}

var c3 = Claim{
	ID:         "C3",
	Statement:  "NSR ends with a higher entropy than PSR.",
	Source:     "arXiv 2506.01347, figure 4b",
	Literature: "order at the end: NSR above PPO and GRPO above PSR (read off a figure)",
	Quantity:   "entropy after NSR − entropy after PSR, nats a token, of samples of the last step",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr at equal rollouts",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		nsr, err := l.train(ctx, variation{objective: "nsr"}, seed)
		if err != nil {
			return 0, err
		}
		psr, err := l.train(ctx, variation{objective: "psr"}, seed)
		if err != nil {
			return 0, err
		}
		last := func(t *training) float64 { return t.metrics[len(t.metrics)-1]["entropy"] }
		return last(nsr) - last(psr), nil
	},
}

// gain is Pass@k after a training less that of the base, in points; the largest k for 0.
func (l *Lab) gain(ctx context.Context, v variation, seed uint64, k int) (float64, error) {
	t, err := l.train(ctx, v, seed)
	if err != nil {
		return 0, err
	}
	after, err := l.evaluate(ctx, t)
	if err != nil {
		return 0, err
	}
	before, err := l.beforeTraining(ctx)
	if err != nil {
		return 0, err
	}
	e, err := l.evaluate(ctx, before)
	return passAt(after, k) - passAt(e, k), err
}

// beforeTraining is the base as a training of no steps.
func (l *Lab) beforeTraining(context.Context) (*training, error) {
	if t := l.trained["base"]; t != nil {
		return t, nil
	}
	policy, err := l.base()
	if err != nil {
		return nil, err
	}
	l.trained["base"] = &training{policy: policy}
	return l.trained["base"], nil
}
