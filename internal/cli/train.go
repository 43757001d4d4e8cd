package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/internal/script"
	"github.com/negativa-lab/negativa/objective"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/reward"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

type trainCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`

	Preset string `name:"preset" placeholder:"NAME" help:"Settings of a published run: rlvr-decomposed/ and psr, nsr, w-reinforce, ppo or grpo, as the code of 2506.01347 has them, or with -paper behind as it writes them; dapo. The YAML file and flags win over it."`
	Resume string `name:"resume" type:"path" placeholder:"RUN" help:"Go on with a run from its last checkpoint: its folder. Its config.yaml counts, not flags but --threads."`
	train.Config
}

// Help is what `negativa train --help` says beside the flags.
func (c *trainCommand) Help() string {
	return `Each step draws num_generations samples of prompts_per_step problems, verifies them and
makes num_mini_batches optimizer steps. The run's folder holds config.yaml,
metrics.jsonl, samples with verdicts, checkpoints (Hugging Face folders) and a report.

Examples:  negativa train --objective w-reinforce --lambda 0.1 --max_steps 50
           negativa train --model ./Qwen2.5-0.5B --data math.parquet --dtype bf16 --lora_r 16
           negativa train --preset rlvr-decomposed/nsr --model ./Qwen2.5-Math-7B --data math.parquet
           negativa train --resume runs/nsr`
}

func (c *trainCommand) Run(a *app) error {
	if c.Resume != "" {
		return c.resume(a)
	}
	c.OutputDir = freshFolder(c.OutputDir, c.Objective)
	loop, err := newLoop(a, c.Config)
	if err != nil {
		return err
	}
	return c.train(a, loop)
}

// resume goes on with a run from its last checkpoint.
func (c *trainCommand) resume(a *app) error {
	dir, err := rundir.Open(c.Resume)
	if err != nil {
		return badInput(err)
	}
	last, err := dir.LatestCheckpoint()
	if err != nil {
		return badInput(err)
	}
	config, err := storedConfig(dir)
	if err != nil {
		return badInput(fmt.Errorf("resume %s: %w", c.Resume, err))
	}
	config.OutputDir, config.Threads = c.Resume, c.Threads
	if last.Step >= config.MaxSteps {
		return badInput(fmt.Errorf("resume %s: it has done its %d steps", c.Resume, config.MaxSteps))
	}
	loop, _, err := openLoop(a, config)
	if err != nil {
		return err
	}
	loop.Dir = dir
	if err := loop.Resume(a.ctx, last); err != nil {
		return badInput(err)
	}
	a.log.Info("going on", "after_step", last.Step, "checkpoint", last.Path)
	c.Config = config
	return c.train(a, loop)
}

func (c *trainCommand) train(a *app, loop *train.Loop) error {
	if c.Preset != "" {
		a.log.Info("preset", "name", c.Preset, "note", train.PresetNote(c.Preset))
	}
	if err := tellNeeds(a, loop.Config, loop.Policy.(*native.Engine).Config(), c.Preset); err != nil {
		return err
	}
	a.log.Info("training", "objective", loop.Objective.Name, "problems", loop.Problems.Name(), "model", c.Model, "output_dir", c.OutputDir)
	done := loop.State().Step
	p := a.start(loop.Objective.Name, c.MaxSteps-done)
	loop.OnStep = func(_ int, m map[string]float64) { p.add(1, stepNote(m)) }
	err := loop.Run(a.ctx)
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
	asked := "--task " + loop.Problems.Name()
	if c.Data != "" {
		asked = fmt.Sprintf("--data FILE --prompt_template %q --mode %s", loop.Config.PromptTemplate, loop.Config.Mode)
	}
	_, err = fmt.Fprintf(a.stdout, "model   %s\nreport  %s\nnext    negativa eval --model %s %s\n", last.Path, page, last.Path, asked)
	return err
}

// newLoop opens what a config names, checks all of it and only then makes the run's
// folder.
func newLoop(a *app, c train.Config) (*train.Loop, error) {
	loop, goal, err := openLoop(a, c)
	if err != nil {
		return nil, err
	}
	text, err := loop.Config.YAML(goal)
	if err != nil {
		return nil, err
	}
	if loop.Dir, err = rundir.Create(c.OutputDir, text, rundir.NewEnvironment(threads(c.Threads), c.Seed)); err != nil {
		return nil, badInput(err)
	}
	return loop, nil
}

// openLoop makes a run that has no folder yet.
func openLoop(a *app, c train.Config) (*train.Loop, objective.Objective, error) {
	source, err := newSource(a, c)
	if err != nil {
		return nil, objective.Objective{}, err
	}
	resolved, goal, err := c.Resolve(source.maxCompletion())
	if err != nil {
		return nil, goal, badInput(err)
	}
	policy, tok, err := openModel(c.Model, trainOptions(c))
	if err != nil {
		return nil, goal, err
	}
	problems, err := source.problems(a, &resolved, policy, tok)
	if err != nil {
		return nil, goal, badInput(err)
	}
	worth, err := newReward(resolved.Reward, resolved.Seed)
	if err != nil {
		return nil, goal, badInput(err)
	}
	loop := &train.Loop{
		Reward: worth, Config: resolved, Objective: goal, Problems: problems, Levels: source.levels(), Tokenizer: tok, Policy: policy, Stop: stopTokens(policy, tok),
	}
	if len(loop.Stop) == 0 {
		return nil, goal, badInput(errors.New("the model names no token that ends a text: give config.json an eos_token_id"))
	}
	loop.Probe = diagnose.Signs(loop)
	if err := loop.Start(); err != nil {
		return nil, goal, badInput(err)
	}
	return loop, goal, nil
}

// newReward is an arm by its name, or a function in a file.
func newReward(name string, seed uint64) (reward.Function, error) {
	if filepath.Ext(name) != ".star" {
		return reward.New(cmp.Or(name, "truth"), seed)
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reward: %w", err)
	}
	return script.Reward(name, source)
}

func trainOptions(c train.Config) native.Options {
	return modelOptions(c.LoRAConfig, c.Seed, native.Options{
		Threads: c.Threads, MicroBatchTokens: c.MicroBatchTokens, Recompute: c.Checkpointing, Precision: native.Precision(c.DType),
		Weights: native.Precision(c.ParamDType), Seed: c.Seed, UpdateMask: c.UpdateMask,
	})
}

// modelOptions adds adapters, where there are to be any.
func modelOptions(l train.LoRAConfig, seed uint64, o native.Options) native.Options {
	if l.LoRARank > 0 {
		o.LoRA = &native.LoRA{Rank: l.LoRARank, Alpha: l.LoRAAlpha, RSLoRA: l.RSLoRA, Targets: l.LoRATarget, Seed: seed}
	}
	return o
}

// stopTokens are the tokens that end a completion: those of the model's configuration and of
// its tokenizer.
func stopTokens(policy *native.Engine, tok *tokenizer.Tokenizer) []negativa.Token {
	stop := slices.Clone(policy.Config().EOS)
	if eos := tok.EOS(); eos >= 0 && !slices.Contains(stop, eos) {
		stop = append(stop, eos)
	}
	return stop
}

func stepNote(m map[string]float64) string {
	return fmt.Sprintf("reward %.3f  entropy %.3f  %.0f tokens/s", m["reward"], m["entropy"], m["tokens_per_second"])
}
