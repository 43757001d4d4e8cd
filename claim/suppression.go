package claim

import (
	"context"
	"math"

	"github.com/negativa-lab/negativa/eval"
)

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

var c2e = Claim{
	ID:         "C2E",
	Statement:  "At equal Pass@1, too, NSR keeps more of Pass@k at large k than PSR does.",
	Source:     "asked of arXiv 2506.01347, table 1, which compares at equal rollouts: a method that learns more slowly also loses diversity more slowly",
	Literature: "not compared at equal Pass@1",
	Quantity:   "Pass@256 of NSR − Pass@256 of PSR, percentage points, the one with the higher final Pass@1 taken at the step, of every ten, whose Pass@1 is nearest to the other's",
	Predicate:  Above(0),
	Preset:     objectives + "; objectives nsr and psr; Pass@1 on the way of 16 samples, Pass@256 of 256 samples at temperature 1",
	Seeds:      3,
	measure: func(ctx context.Context, l *Lab, seed uint64) (float64, error) {
		nsr, psr, err := l.atEqualPassAt1(ctx, seed)
		return nsr - psr, err
	},
}

// atEqualPassAt1 is Pass@k at the largest k of NSR and PSR where their Pass@1 is the same.
// Training is a function of its steps, so that the policy on the way is that of fewer steps.
func (l *Lab) atEqualPassAt1(ctx context.Context, seed uint64) (nsr, psr float64, err error) {
	at := map[string]float64{}
	final := map[string]float64{}
	for _, name := range []string{"nsr", "psr"} {
		e, err := l.after(ctx, variation{objective: name, trace: true}, seed)
		if err != nil {
			return 0, 0, err
		}
		at[name], final[name] = passAt(e, 0), passAt(e, 1)
	}
	ahead, target := "nsr", final["psr"]
	if final["psr"] > final["nsr"] {
		ahead, target = "psr", final["nsr"]
	}
	trained, err := l.train(ctx, variation{objective: ahead, trace: true}, seed)
	if err != nil {
		return 0, 0, err
	}
	best := 0
	for step, p := range trained.trace {
		if off := math.Abs(p - target); best == 0 || off < math.Abs(trained.trace[best]-target) || off == math.Abs(trained.trace[best]-target) && step < best {
			best = step
		}
	}
	if best > 0 && best < l.small(100, 8) {
		e, err := l.after(ctx, variation{objective: ahead, steps: best}, seed)
		if err != nil {
			return 0, 0, err
		}
		at[ahead] = passAt(e, 0)
	}
	return at["nsr"], at["psr"], nil
}

// after is the evaluation of a training.
func (l *Lab) after(ctx context.Context, v variation, seed uint64) (eval.Evaluation, error) {
	t, err := l.train(ctx, v, seed)
	if err != nil {
		return eval.Evaluation{}, err
	}
	return l.evaluate(ctx, t)
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
	after, err := l.after(ctx, v, seed)
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
