package cli

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

// demo is a comparison of objectives under way.
type demo struct {
	*app
	plan     plan
	dir      *rundir.Dir
	family   task.Family
	problems []negativa.Problem
	progress *progress
	base     eval.Evaluation
}

// contestant is one objective's trained policy with what was measured of it.
type contestant struct {
	report.Result
	name  string // of its run
	final eval.Evaluation
	run   *rundir.Dir
}

func (d *demo) run() (report.Summary, error) {
	policy, tok, err := openModel("base", native.Options{Threads: d.plan.Threads})
	if err != nil {
		return report.Summary{}, err
	}
	if d.base, err = d.full(policy, tok, "base"); err != nil {
		return report.Summary{}, err
	}
	s := report.Summary{
		Base: report.NewResult("base", 0, d.base),
		N:    d.plan.N, Problems: d.plan.NumProblems, Quick: d.plan.Quick, Conditions: d.base.Conditions,
	}
	for seed := 1; seed <= d.plan.Seeds; seed++ {
		results, err := d.seed(seed)
		if err != nil {
			return s, err
		}
		s.Objectives = append(s.Objectives, results...)
	}
	return s, nil
}

// seed trains every objective with one seed and compares them.
func (d *demo) seed(seed int) ([]report.Result, error) {
	var all []*contestant
	for _, objective := range d.plan.Objectives {
		c, err := d.train(objective, seed)
		if err != nil {
			return nil, fmt.Errorf("%s, seed %d: %w", objective, seed, err)
		}
		all = append(all, c)
	}
	if err := d.equalise(all); err != nil {
		return nil, err
	}
	var results []report.Result
	for _, c := range all {
		results = append(results, c.Result)
	}
	return results, nil
}

// train trains one objective and evaluates its checkpoints lightly and the last one
// wholly.
func (d *demo) train(objective string, seed int) (*contestant, error) {
	name := d.plan.name(objective, seed)
	config, err := d.plan.config(objective, seed, d.dir.Path(name))
	if err != nil {
		return nil, err
	}
	loop, err := newLoop(d.app, config)
	if err != nil {
		return nil, err
	}
	loop.OnStep = func(step int, m map[string]float64) {
		d.progress.add(d.plan.PromptsPerStep*d.plan.NumGenerations*rolloutCost,
			fmt.Sprintf("%s step %d of %d  reward %.3f  entropy %.3f", name, step, config.MaxSteps, m["reward"], m["entropy"]))
	}
	begin := time.Now()
	if err := loop.Run(d.ctx); err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	c := &contestant{name: name, run: loop.Dir}
	if c.final, err = d.full(loop.Policy.(*native.Engine), loop.Tokenizer, name); err != nil {
		return nil, err
	}
	c.Result = report.NewResult(objective, uint64(seed), c.final)
	state := loop.State()
	c.OptimizerSteps, c.SkippedSteps, c.Rollouts, c.Seconds = state.OptimizerSteps, state.SkippedSteps, state.Rollouts, seconds
	if c.Trace, err = d.trace(loop, c.final); err != nil {
		return nil, err
	}
	_, err = report.Write(loop.Dir.Path())
	return c, err
}

// trace evaluates the checkpoints on the way with few samples. It begins with the base
// and ends with the final evaluation.
func (d *demo) trace(loop *train.Loop, final eval.Evaluation) ([]report.Point, error) {
	points := []report.Point{report.NewPoint(0, 0, d.base)}
	checkpoints, err := loop.Dir.Checkpoints()
	if err != nil {
		return nil, err
	}
	for _, checkpoint := range checkpoints[:len(checkpoints)-1] {
		policy, tok, err := openFolder(checkpoint.Path, native.Options{Threads: d.plan.Threads})
		if err != nil {
			return nil, err
		}
		e, err := evaluate(d.app, policy, tok, d.family, d.problems, d.options(d.plan.TraceN, "checkpoint "+strconv.Itoa(checkpoint.Step)))
		if err != nil {
			return nil, err
		}
		points = append(points, report.NewPoint(checkpoint.Step, checkpoint.Step*d.plan.PromptsPerStep*d.plan.NumGenerations, e))
	}
	state := loop.State()
	return append(points, report.NewPoint(state.Step, state.Rollouts, final)), nil
}

// full evaluates a policy with all samples, which it keeps with the result.
func (d *demo) full(policy *native.Engine, tok *tokenizer.Tokenizer, name string) (eval.Evaluation, error) {
	e, err := evaluateInto(d.app, d.dir.Eval(name)+".jsonl", policy, tok, d.family, d.problems, d.options(d.plan.N, "evaluate "+name))
	if err != nil {
		return e, err
	}
	return e, rundir.WriteJSON(d.dir.Eval(name)+".json", e)
}

func (d *demo) options(n int, note string) eval.Options {
	return eval.Options{
		N: n, Bootstrap: eval.DefaultBootstrap(1),
		Sampling: eval.Sampling{Temperature: 1, TopP: 1, MaxTokens: d.family.MaxCompletion(), DType: string(native.F32), Seed: 1},
		Each: func(groups []negativa.Group) error {
			d.progress.add(len(groups)*n, note)
			return nil
		},
	}
}

// equalise compares the contestants with the base and with PSR, as they ended and at
// equal Pass@1: each at its checkpoint nearest to the lowest final Pass@1.
func (d *demo) equalise(all []*contestant) error {
	target := math.Inf(1)
	for _, c := range all {
		target = min(target, passAt1(c.final))
	}
	ended, equal := map[string]eval.Evaluation{}, map[string]eval.Evaluation{}
	for _, c := range all {
		ended[c.Name] = c.final
		point, e, err := d.nearest(c, target)
		if err != nil {
			return fmt.Errorf("%s at equal Pass@1: %w", c.name, err)
		}
		equal[c.Name] = e
		c.EqualPassAt1 = &report.Equal{Target: target, Step: point.Step, Rollouts: point.Rollouts, PassAtK: e.PassAtK, Interval: e.Interval}
	}
	for _, c := range all {
		if err := c.compare(d.base, ended, equal); err != nil {
			return fmt.Errorf("compare %s: %w", c.name, err)
		}
	}
	return nil
}

func passAt1(e eval.Evaluation) float64 {
	p, _ := e.PassAtK.At(1)
	return p
}

// nearest evaluates the checkpoint whose Pass@1 is nearest to a target. The last one has
// been evaluated already.
func (d *demo) nearest(c *contestant, target float64) (report.Point, eval.Evaluation, error) {
	off := func(p report.Point) float64 { return math.Abs(p.PassAt1 - target) }
	best := slices.MinFunc(c.Trace[1:], func(p, q report.Point) int { return cmp.Compare(off(p), off(q)) })
	if best.Step == d.plan.MaxSteps {
		return best, c.final, nil
	}
	checkpoints, err := c.run.Checkpoints()
	if err != nil {
		return best, eval.Evaluation{}, err
	}
	for _, checkpoint := range checkpoints {
		if checkpoint.Step != best.Step {
			continue
		}
		policy, tok, err := openFolder(checkpoint.Path, native.Options{Threads: d.plan.Threads})
		if err != nil {
			return best, eval.Evaluation{}, err
		}
		e, err := d.full(policy, tok, fmt.Sprintf("%s-step-%d", c.name, best.Step))
		return best, e, err
	}
	return best, eval.Evaluation{}, fmt.Errorf("checkpoint %d is gone from %s: %w", best.Step, c.run.Path(), rundir.ErrNoCheckpoint)
}

// compare fills in the paired differences.
func (c *contestant) compare(base eval.Evaluation, ended, equal map[string]eval.Evaluation) error {
	versusBase, err := eval.Compare(c.final, base, eval.DefaultBootstrap(1))
	if err != nil {
		return err
	}
	c.VersusBase, c.Solved = versusBase.PassAtK, versusBase.Solved
	if c.Name == "psr" {
		return nil
	}
	if c.VersusPSR, err = differences(c.final, ended["psr"]); err != nil {
		return err
	}
	c.EqualPassAt1.VersusPSR, err = differences(equal[c.Name], equal["psr"])
	return err
}

func differences(a, b eval.Evaluation) (eval.ByK[eval.Difference], error) {
	c, err := eval.Compare(a, b, eval.DefaultBootstrap(1))
	return c.PassAtK, err
}
