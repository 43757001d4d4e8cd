package cli

import (
	"fmt"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/train"
)

type trainCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`
	train.Config
}

// Help is what `negativa train --help` says beside the flags.
func (c *trainCommand) Help() string {
	return `Each step draws num_generations samples of prompts_per_step problems, verifies them and
makes num_mini_batches optimizer steps. The run's folder holds config.yaml,
metrics.jsonl, samples with verdicts, checkpoints (Hugging Face folders) and a report.

Example:  negativa train --objective w-reinforce --lambda 0.1 --max_steps 50`
}

func (c *trainCommand) Run(a *app) error {
	c.OutputDir = freshFolder(c.OutputDir, c.Objective)
	loop, err := newLoop(c.Config)
	if err != nil {
		return err
	}
	a.log.Info("training", "objective", loop.Objective.Name, "task", loop.Family.Name(), "model", c.Model, "output_dir", c.OutputDir)
	p := a.start(loop.Objective.Name, c.MaxSteps)
	loop.OnStep = func(_ int, m map[string]float64) { p.add(1, stepNote(m)) }
	err = loop.Run(a.ctx)
	p.stop()
	if err != nil {
		return fmt.Errorf("train in %s: %w", c.OutputDir, err)
	}
	return c.conclude(a, loop)
}

// conclude writes the report and says where things are.
func (c *trainCommand) conclude(a *app, loop *train.Loop) error {
	page, err := report.Write(c.OutputDir)
	if err != nil {
		return err
	}
	last, err := loop.Dir.LatestCheckpoint()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "model   %s\nreport  %s\nnext    negativa eval --model %s --task %s\n", last.Path, page, last.Path, loop.Family.Name())
	return err
}

// newLoop opens what a config names, checks all of it and only then makes the run's
// folder.
func newLoop(c train.Config) (*train.Loop, error) {
	family, err := task.New(c.Task)
	if err != nil {
		return nil, badInput(err)
	}
	resolved, goal, err := c.Resolve(family.MaxCompletion())
	if err != nil {
		return nil, badInput(err)
	}
	policy, tok, err := openModel(c.Model, native.Options{
		Threads: c.Threads, MicroBatchTokens: c.MicroBatchTokens, Recompute: c.Checkpointing, Precision: native.Precision(c.DType),
	})
	if err != nil {
		return nil, err
	}
	if err := canAsk(policy, tok, family, resolved.MaxCompletionLength); err != nil {
		return nil, err
	}
	loop := &train.Loop{Config: resolved, Objective: goal, Family: family, Tokenizer: tok, Policy: policy}
	if err := loop.Start(); err != nil {
		return nil, badInput(err)
	}
	text, err := resolved.YAML(goal)
	if err != nil {
		return nil, err
	}
	if loop.Dir, err = rundir.Create(c.OutputDir, text, rundir.NewEnvironment(threads(c.Threads), c.Seed)); err != nil {
		return nil, badInput(err)
	}
	return loop, nil
}

func stepNote(m map[string]float64) string {
	return fmt.Sprintf("reward %.3f  entropy %.3f  %.0f tokens/s", m["reward"], m["entropy"], m["tokens_per_second"])
}
