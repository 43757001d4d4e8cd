package claim

import (
	"context"
	"math"

	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// passAt is Pass@k in percent; the largest k for 0.
func passAt(e eval.Evaluation, k int) float64 {
	if k == 0 {
		k = e.PassAtK[len(e.PassAtK)-1].K
	}
	p, _ := e.PassAtK.At(k)
	return 100 * p
}

// after is the evaluation of a training.
func (l *Lab) after(ctx context.Context, v variation, seed uint64) (eval.Evaluation, error) {
	t, err := l.train(ctx, v, seed)
	if err != nil {
		return eval.Evaluation{}, err
	}
	return l.evaluate(ctx, t)
}

// untrained is what a variation starts from, as a training of no steps.
func (l *Lab) untrained(ctx context.Context, v variation, seed uint64) (*training, error) {
	g, err := l.ground(ctx, v, seed)
	if err != nil {
		return nil, err
	}
	if l.trained[g.model+g.family.Name()] == nil {
		l.trained[g.model+g.family.Name()] = &training{ground: g, model: g.model}
	}
	return l.trained[g.model+g.family.Name()], nil
}

// before is the evaluation of what a variation starts from.
func (l *Lab) before(ctx context.Context, v variation, seed uint64) (eval.Evaluation, error) {
	t, err := l.untrained(ctx, v, seed)
	if err != nil {
		return eval.Evaluation{}, err
	}
	return l.evaluate(ctx, t)
}

// gain is Pass@k after a training less that of its base, in points; the largest k for 0.
func (l *Lab) gain(ctx context.Context, v variation, seed uint64, k int) (float64, error) {
	after, err := l.after(ctx, v, seed)
	if err != nil {
		return 0, err
	}
	before, err := l.before(ctx, v, seed)
	return passAt(after, k) - passAt(before, k), err
}

// atEqualPassAt1 is Pass@k at the largest k of two objectives where their Pass@1 is the same:
// the one ahead at the end is taken at the step on the way, of every ten, that is nearest.
// Training is a function of its steps, so that the policy on the way is that of fewer steps.
func (l *Lab) atEqualPassAt1(ctx context.Context, first, second string, seed uint64) (a, b float64, err error) {
	at := map[string]float64{}
	final := map[string]float64{}
	for _, name := range []string{first, second} {
		e, err := l.after(ctx, variation{objective: name, trace: true}, seed)
		if err != nil {
			return 0, 0, err
		}
		at[name], final[name] = passAt(e, 0), passAt(e, 1)
	}
	ahead, target := first, final[second]
	if final[second] > final[first] {
		ahead, target = second, final[first]
	}
	trained, err := l.train(ctx, variation{objective: ahead, trace: true}, seed)
	if err != nil {
		return 0, 0, err
	}
	if best := nearestStep(trained.trace, target); best > 0 && best < l.small(100, 8) {
		e, err := l.after(ctx, variation{objective: ahead, steps: best}, seed)
		if err != nil {
			return 0, 0, err
		}
		at[ahead] = passAt(e, 0)
	}
	return at[first], at[second], nil
}

// nearestStep is the first step whose value is nearest to a target; 0 of none.
func nearestStep(trace map[int]float64, target float64) (best int) {
	for step, p := range trace {
		off, least := math.Abs(p-target), math.Abs(trace[best]-target)
		if best == 0 || off < least || off == least && step < best {
			best = step
		}
	}
	return best
}

// atEqualAccuracy measures trainings at steps at which they have equally many right samples:
// at the last of the one that ends with the fewest, and at those of the others that are nearest.
func (l *Lab) atEqualAccuracy(ctx context.Context, seed uint64, measure func(t *training, step int) float64, vs ...variation) ([]float64, error) {
	var trained []*training
	accuracy := math.Inf(1)
	for _, v := range vs {
		t, err := l.train(ctx, v, seed)
		if err != nil {
			return nil, err
		}
		trained, accuracy = append(trained, t), min(accuracy, t.late("correct_ratio"))
	}
	out := make([]float64, len(vs))
	for i, t := range trained {
		out[i] = measure(t, t.reaches(accuracy))
	}
	return out, nil
}

// reaches is the step, of those with ten behind them, around which the share of right samples
// is nearest to a value; the first of equals.
func (t *training) reaches(accuracy float64) int {
	first := min(10, len(t.metrics))
	best := first
	off := func(step int) float64 { return math.Abs(t.around(step, "correct_ratio") - accuracy) }
	for step := first; step <= len(t.metrics); step++ {
		if off(step) < off(best) {
			best = step
		}
	}
	return best
}

// late is the mean of a metric over the last steps, ten in full.
func (t *training) late(name string) float64 { return t.around(len(t.metrics), name) }

// around is the mean of a metric over the ten steps that end with one, counted from 1, or over
// as many of them as there are.
func (t *training) around(step int, name string) float64 {
	return meanOf(t.metrics[max(0, step-10):step], name)
}

// mean is the mean of a metric over all steps.
func (t *training) mean(name string) float64 { return meanOf(t.metrics, name) }

// meanOf leaves out steps that lack the metric or have none of what it is a mean of.
func meanOf(steps []map[string]float64, name string) float64 {
	sum, n := 0.0, 0.0
	for _, m := range steps {
		if x, ok := m[name]; ok && !math.IsNaN(x) {
			sum, n = sum+x, n+1
		}
	}
	return sum / n
}

// changes compares a training with its base, both stored in one type.
func (l *Lab) changes(ctx context.Context, v variation, seed uint64, dtype safetensors.DType, ranks bool) (diagnose.Diff, error) {
	before, after, err := l.both(ctx, v, seed, dtype)
	if err != nil {
		return diagnose.Diff{}, err
	}
	return diagnose.Folders(ctx, before, after, diagnose.Options{Ranks: ranks, Threads: l.Threads, Seed: seed})
}

// both are the folders of a training's base and of what came of it, stored in one type.
func (l *Lab) both(ctx context.Context, v variation, seed uint64, dtype safetensors.DType) (before, after string, err error) {
	t, err := l.train(ctx, v, seed)
	if err != nil {
		return "", "", err
	}
	if before, err = l.stored(t.ground.model, dtype); err != nil {
		return "", "", err
	}
	after, err = l.stored(t.model, dtype)
	return before, after, err
}

// overlap compares which weights two trainings of the embedded model changed in bfloat16.
func (l *Lab) overlap(ctx context.Context, v [2]variation, seeds [2]uint64) (diagnose.Pair, error) {
	var base string
	var tuned []string
	for i := range v {
		before, after, err := l.both(ctx, v[i], seeds[i], safetensors.BF16)
		if err != nil {
			return diagnose.Pair{}, err
		}
		base, tuned = before, append(tuned, after)
	}
	pairs, err := diagnose.Overlaps(ctx, base, tuned, diagnose.Options{Threads: l.Threads})
	if err != nil {
		return diagnose.Pair{}, err
	}
	return pairs[0], nil
}
