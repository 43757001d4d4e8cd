package bench

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/train"
)

// learningStep is a whole step of negativa train with GRPO on countdown: sampling,
// verifying, scoring under the reference, and four mini-batches. It is the first step of a
// run again and again: its learning rate is zero, which saves no work.
func learningStep(prompts, samples int) Work {
	name := fmt.Sprintf("rlstep/%s/%dx%d", embedded, prompts, samples)
	return Work{Name: name, unit: tokens, prepare: func(ctx context.Context, s *session) (job, error) {
		c, err := stepConfig(s, prompts, samples)
		if err != nil {
			return job{}, err
		}
		loop, err := newLoop(c, s)
		if err != nil {
			return job{}, err
		}
		cost, err := stepCost(ctx, *loop, s)
		return job{cost, func(ctx context.Context) error {
			_, err := loop.Step(ctx, 0)
			return err
		}}, err
	}}
}

// stepConfig has the defaults of negativa train for the rest.
func stepConfig(s *session, prompts, samples int) (c train.Config, err error) {
	if err := kong.ApplyDefaults(&c); err != nil {
		return c, err
	}
	c.Objective, c.LearningRate, c.Seed, c.Threads, c.DType = "grpo", 0, s.Seed, s.Threads, string(s.Precision)
	c.PromptsPerStep, c.NumGenerations = prompts, samples
	return c, nil
}

func newLoop(c train.Config, s *session) (*train.Loop, error) {
	family, err := task.New(c.Task)
	if err != nil {
		return nil, err
	}
	resolved, goal, err := c.Resolve(family.MaxCompletion())
	if err != nil {
		return nil, err
	}
	policy, tok, err := openBase(s.engine())
	if err != nil {
		return nil, err
	}
	loop := &train.Loop{Config: resolved, Objective: goal, Problems: family, Tokenizer: tok, Policy: policy}
	return loop, loop.Start()
}

// stepCost is what a step asks of its engine, at the least. It takes the step with a
// policy that counts.
func stepCost(ctx context.Context, loop train.Loop, s *session) (Cost, error) {
	var cost Cost
	size := newSize(loop.Policy.(*native.Engine).Config(), s.Precision)
	loop.Policy = counting{loop.Policy, size, &cost}
	if err := loop.Start(); err != nil {
		return cost, err
	}
	_, err := loop.Step(ctx, 0)
	return cost, err
}

// counting is an engine that adds up the costs of what is asked of it. Sampled tokens are
// those that count as tokens.
type counting struct {
	engine.Engine
	size size
	cost *Cost
}

func (c counting) count(add Cost) { *c.cost = c.cost.plus(add) }

func (c counting) Sample(ctx context.Context, requests []engine.Request, params engine.SampleParams) ([][]negativa.Rollout, error) {
	out, err := c.Engine.Sample(ctx, requests, params)
	var sequences []engine.Sequence
	for i := range out {
		for _, r := range out[i] {
			sequences = append(sequences, engine.Sequence{Prompt: requests[i].Prompt, Completion: r.Tokens})
		}
	}
	c.count(c.size.sampling(sequences))
	return out, err
}

func (c counting) ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	sequences := make([]engine.Sequence, len(batch))
	for i, d := range batch {
		sequences[i] = engine.Sequence{Prompt: d.Prompt, Completion: d.Completion}
	}
	add := c.size.learning(sequences)
	add.Tokens = 0
	c.count(add)
	return c.Engine.ForwardBackward(ctx, batch, loss, temperature)
}

func (c counting) OptimStep(ctx context.Context, params engine.OptimParams) (engine.Update, error) {
	c.count(c.size.updating())
	return c.Engine.OptimStep(ctx, params)
}

func (c counting) Reference() (engine.Scorer, error) {
	scorer, err := c.Engine.Reference()
	return countingScorer{scorer, c}, err
}

type countingScorer struct {
	engine.Scorer
	counts counting
}

func (c countingScorer) Logprobs(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	add := c.counts.size.scoring(sequences)
	add.Tokens = 0
	c.counts.count(add)
	return c.Scorer.Logprobs(ctx, sequences, temperature)
}
