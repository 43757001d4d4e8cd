// Package train updates a policy: one step, and the loop around it. It is the only place
// that knows the order of the stages.
package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/objective"
	"github.com/negativa-lab/negativa/reward"
	"github.com/negativa-lab/negativa/rollout"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/verify"
)

// Loop trains a policy. All but Stop, Reward, Dir, Probe and OnStep must be set; Config must be resolved.
type Loop struct {
	Config    Config
	Objective objective.Objective
	Problems  Problems
	Levels    []Problems // of a curriculum, from easy to hard; nil: Problems alone. Problems verifies those of each
	Tokenizer *tokenizer.Tokenizer
	Stop      []negativa.Token // what ends a completion; nil: the tokenizer's EOS
	Policy    engine.Engine
	Reward    reward.Function                      // what samples are worth; nil: the truth
	Dir       *rundir.Dir                          // where metrics, samples and checkpoints go; nil: nowhere
	Probe     Probe                                // measures some steps; nil: none
	OnStep    func(step int, m map[string]float64) // called after every step

	reference engine.Scorer // the policy as it was at the start
	state     State
}

// State is what a checkpoint keeps beside the policy and its optimizer. Every draw is
// addressed by the seed and the step, so a resumed run needs nothing more.
type State struct {
	Step           int    `json:"step"` // steps done
	OptimizerSteps int    `json:"optimizer_steps"`
	SkippedSteps   int    `json:"optimizer_steps_skipped"` // mini-batches without a row that could move a parameter
	Problems       int    `json:"problems_drawn"`          // under dynamic sampling, which draws more than it keeps
	Rollouts       int    `json:"rollouts"`
	Level          int    `json:"curriculum_level,omitempty"`  // of the next step, from 1; 0: there is no curriculum
	Renewed        int    `json:"reference_renewed,omitempty"` // the step after which the reference was renewed last; 0: it is the start's
	Pace           Pace   `json:"pace,omitzero"`
	Objective      string `json:"objective"`
	Seed           uint64 `json:"seed"`
}

// stateFile is where a checkpoint has the State.
const stateFile = "trainer_state.json"

// State returns the counts so far.
func (l *Loop) State() State { return l.state }

// Start checks that the engine can do what the objective needs and freezes the
// reference. It must be called once, before Run or Step.
func (l *Loop) Start() error {
	can := l.Policy.Capabilities()
	switch {
	case l.Objective.Critic && !can.Values:
		return fmt.Errorf("objective %s needs a value head: %w", l.Objective.Name, engine.ErrUnsupported)
	case l.Objective.Params.EntropyCoef != 0 && !can.Entropies:
		return fmt.Errorf("entropy_coef %v needs full distributions: %w", l.Objective.Params.EntropyCoef, engine.ErrUnsupported)
	case l.Objective.Tagged && !task.All[task.Tagged](l.Problems):
		return fmt.Errorf("objective %s needs answers whose strategy is known, and those of %s are not tagged: set task to methods", l.Objective.Name, l.Problems.Name())
	}
	l.state = State{Objective: l.Objective.Name, Seed: l.Config.Seed, Level: min(1, len(l.Levels))}
	var err error
	if l.reference, err = l.Policy.Reference(); err != nil {
		return fmt.Errorf("freeze the reference: %w", err)
	}
	return l.trackMove()
}

// Resume goes on from a checkpoint of this run: after Start, which froze the reference as it
// was at the beginning, and before Run. It is the run, byte for byte, that was never ended.
func (l *Loop) Resume(ctx context.Context, c rundir.Checkpoint) error {
	if err := rundir.ReadJSON(filepath.Join(c.Path, stateFile), &l.state); err != nil {
		return fmt.Errorf("go on from %s: %w", c.Path, err)
	}
	if l.state.Step != c.Step {
		return fmt.Errorf("go on from %s: %s is of step %d", c.Path, stateFile, l.state.Step)
	}
	if err := errors.Join(l.lastReference(ctx), l.Policy.Load(ctx, c.Path)); err != nil {
		return fmt.Errorf("go on from %s: %w", c.Path, err)
	}
	return l.Dir.CutMetrics(l.state.Step)
}

// stop is what ends a completion.
func (l *Loop) stop() []negativa.Token {
	if l.Stop == nil {
		return []negativa.Token{l.Tokenizer.EOS()}
	}
	return l.Stop
}

// Run trains up to step max_steps and leaves the last checkpoint. It stops at the first
// error, a number that is not finite among them; cancelling ctx stops it within a step
// with ctx's error. What was written stays whole.
func (l *Loop) Run(ctx context.Context) (err error) {
	if l.Dir != nil {
		log, openErr := l.Dir.AppendMetrics()
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		report := l.OnStep
		var logged error
		l.OnStep = func(step int, m map[string]float64) {
			logged = errors.Join(logged, log.Append(step, m))
			if report != nil {
				report(step, m)
			}
		}
		defer func() { l.OnStep, err = report, errors.Join(err, logged) }()
	}
	for step := l.state.Step; step < l.Config.MaxSteps; step++ {
		m, err := l.Step(ctx, step)
		if err != nil {
			return fmt.Errorf("step %d: %w", step+1, err)
		}
		if err := l.renew(step+1, m); err != nil {
			return err
		}
		if l.OnStep != nil {
			l.OnStep(step+1, m)
		}
		if err := l.checkpoint(ctx, step+1); err != nil {
			return err
		}
	}
	return nil
}

// Step draws a batch of rollouts and learns from it.
func (l *Loop) Step(ctx context.Context, step int) (map[string]float64, error) {
	start := time.Now()
	groups, drawn, err := l.gather(ctx, step)
	if err != nil {
		return nil, err
	}
	rows, kl, err := l.rows(ctx, step, groups)
	if err != nil {
		return nil, err
	}
	measurement, err := l.probe(ctx, step+1, groups)
	if err != nil {
		return nil, err
	}
	var updates updateMetrics
	for iteration := range l.Config.NumIterations {
		for _, mini := range l.miniBatches(rows, step, iteration) {
			if err := l.update(ctx, mini, &updates); err != nil {
				return nil, err
			}
		}
	}
	l.state.Step, l.state.Rollouts = step+1, l.state.Rollouts+drawn*l.Config.NumGenerations
	if err := l.keepRollouts(step+1, groups); err != nil {
		return nil, err
	}
	m := rolloutMetrics(groups)
	formatsInto(m, l.Problems, groups)
	phasesInto(m, l.Problems, l.Tokenizer, groups)
	l.advance(groups, m)
	updates.into(m)
	if err := measurement.into(ctx, m); err != nil {
		return nil, err
	}
	if l.Config.DynamicSampling {
		m["problems_drawn"] = float64(drawn)
	}
	l.stateInto(m, kl, time.Since(start))
	return m, nil
}

// gather draws the step's groups with verdicts and rewards, and tells of how many problems.
// Problem i of step s is number s·P + i of the train split.
func (l *Loop) gather(ctx context.Context, step int) (groups []negativa.Group, drawn int, err error) {
	source := draw.New(l.Config.Seed, "rollout").At(uint64(step))
	if !l.Config.DynamicSampling {
		groups, err = l.rollouts(ctx, step, step*l.Config.PromptsPerStep, source)
		return groups, len(groups), err
	}
	return l.gatherVaried(ctx, step, source)
}

// gatherVaried leaves out groups whose rewards are all alike, which teach a group-relative
// objective nothing, and draws further problems in their place (Yu et al., 2503.14476, §3.2),
// a batch at a time. If no batch has a varied group, the last one is taken as it is.
func (l *Loop) gatherVaried(ctx context.Context, step int, source draw.Source) (kept []negativa.Group, drawn int, err error) {
	for round := range l.Config.DynamicDraws {
		groups, err := l.rollouts(ctx, step, l.state.Problems, source.At(uint64(round)))
		if err != nil {
			return nil, 0, err
		}
		l.state.Problems += len(groups)
		drawn += len(groups)
		for _, g := range groups {
			if !alike(g.Rollouts) {
				kept = append(kept, g)
			}
		}
		if len(kept) >= l.Config.PromptsPerStep {
			return kept[:l.Config.PromptsPerStep], drawn, nil
		}
		if len(kept) == 0 && round == l.Config.DynamicDraws-1 {
			return groups, drawn, nil
		}
	}
	return kept, drawn, nil
}

func alike(rollouts []negativa.Rollout) bool {
	return !slices.ContainsFunc(rollouts, func(r negativa.Rollout) bool { return r.Reward != rollouts[0].Reward })
}

// worth gives samples their rewards.
func (l *Loop) worth(step int, groups []negativa.Group) error {
	worth := l.Reward
	if worth == nil {
		var err error
		if worth, err = reward.New("truth", 0); err != nil {
			return err
		}
	}
	if err := worth(step, groups); err != nil {
		return err
	}
	for i := range groups {
		for j := range groups[i].Rollouts {
			groups[i].Rollouts[j].Reward += l.Config.overlong(len(groups[i].Rollouts[j].Tokens))
		}
	}
	return nil
}

// overlong is the punishment of a completion's length: nothing up to the limit less the
// cache, then down in a line to −1 at the limit (2503.14476, eq. 13).
func (c Config) overlong(tokens int) float64 {
	if c.SoftOverlongCache == 0 {
		return 0
	}
	return min(0, float64(c.MaxCompletionLength-c.SoftOverlongCache-tokens)/float64(c.SoftOverlongCache))
}

// rollouts draws groups of consecutive problems with verdicts and rewards.
func (l *Loop) rollouts(ctx context.Context, step, first int, source draw.Source) ([]negativa.Group, error) {
	problems := make([]negativa.Problem, l.Config.PromptsPerStep)
	for i := range problems {
		problems[i] = l.level().Problem(task.Train, l.Config.Seed, uint64(first+i))
	}
	groups, err := rollout.Sample(ctx, l.Policy, l.Tokenizer, problems, rollout.Options{
		NumGenerations: l.Config.NumGenerations,
		Params:         l.Config.sampling(l.stop()...),
		Source:         source,
	})
	if err != nil {
		return nil, err
	}
	verify.Groups(l.Problems, groups)
	if l.Config.RefSyncPatience > 0 {
		l.state.Pace.count(groups)
	}
	return groups, l.worth(step, groups)
}

// update makes one optimizer step of a mini-batch.
func (l *Loop) update(ctx context.Context, mini []*row, u *updateMetrics) error {
	batch := l.weigh(mini)
	if len(batch) == 0 {
		l.state.SkippedSteps++
		return nil
	}
	result, err := l.Policy.ForwardBackward(ctx, batch, l.Objective.Loss(), l.Config.Temperature)
	if err != nil {
		return err
	}
	update, err := l.Policy.OptimStep(ctx, l.Config.optimizer())
	if err != nil {
		return err
	}
	u.add(l.Objective, mini, batch, result, update)
	l.state.OptimizerSteps++
	return nil
}

// checkpoint saves a whole model folder with the optimizer's and the loop's state, at
// the interval, where the reference was renewed, and after the last step.
func (l *Loop) checkpoint(ctx context.Context, step int) error {
	c := l.Config
	due := step == c.MaxSteps || step == l.state.Renewed || c.SaveSteps > 0 && step%c.SaveSteps == 0
	if l.Dir == nil || !due {
		return nil
	}
	return l.Dir.SaveCheckpoint(step, func(dir string) error {
		return errors.Join(
			l.Policy.Save(ctx, dir),
			l.Tokenizer.Save(dir),
			rundir.WriteJSON(filepath.Join(dir, stateFile), l.state),
		)
	})
}
