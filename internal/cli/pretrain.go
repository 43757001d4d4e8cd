package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

type pretrainCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`
	train.PretrainConfig
	OutputDir string `name:"output_dir" type:"path" help:"Folder of the run; it must be absent or empty."`
	Threads   int    `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
}

// Help is what `negativa pretrain --help` says beside the flags.
func (c *pretrainCommand) Help() string {
	return `Writes a Qwen3-shaped model (Hugging Face folder) to output_dir/model. The defaults are
the recipe of the base model in this program, and make its bytes again on a machine
with the same kind of CPU.

The model's tokenizer has a token for each character of the task, or of all tasks of a
mixture, beside those of the base model. negativa data tasks lists the tasks.

Examples:  negativa pretrain --task countdown:numbers=4 --max_steps 2000
           negativa pretrain --task chain:plain=2,words=1,code=1
           negativa pretrain --task countdown@3+chain:level=1+gcd`
}

func (c *pretrainCommand) Run(a *app) error {
	family, err := task.New(c.Task)
	if err != nil {
		return badInput(err)
	}
	tok := tokenizer.Char(task.Alphabet() + family.Alphabet())
	policy, err := base.New(c.PretrainConfig, tok, c.Threads)
	if err != nil {
		return badInput(err)
	}
	if err := canAsk(policy, tok, family, family.MaxCompletion()); err != nil {
		return err
	}
	recipe, err := yaml.Marshal(c.PretrainConfig)
	if err != nil {
		return err
	}
	c.OutputDir = freshFolder(c.OutputDir, "pretrain")
	dir, err := rundir.Create(c.OutputDir, recipe, rundir.NewEnvironment(threads(c.Threads), c.Seed))
	if err != nil {
		return badInput(err)
	}
	a.log.Info("pretraining", "task", family.Name(), "parameters", policy.Parameters(), "output_dir", c.OutputDir)
	if err := c.train(a, dir, policy, tok, family); err != nil {
		return fmt.Errorf("pretrain in %s: %w", c.OutputDir, err)
	}
	return c.conclude(a, dir, policy, tok, family)
}

func (c *pretrainCommand) train(a *app, dir *rundir.Dir, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family) (err error) {
	log, err := dir.AppendMetrics()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	p := a.start("pretrain", c.MaxSteps)
	defer p.stop()
	return train.Pretrain(a.ctx, policy, tok, family, c.PretrainConfig, func(m train.PretrainMetrics) error {
		p.add(1, fmt.Sprintf("loss %.4f", m.Loss))
		return log.Append(m.Step, map[string]float64{
			"loss": m.Loss, "grad_norm": m.GradNorm, "learning_rate": m.LearningRate,
			"num_tokens": float64(m.NumTokens), "step_time": m.StepTime,
		})
	})
}

// conclude writes the model and says whether it is the one in this program.
func (c *pretrainCommand) conclude(a *app, dir *rundir.Dir, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family) error {
	model := dir.Path("model")
	if err := errors.Join(policy.SaveModel(model), tok.Save(model)); err != nil {
		return err
	}
	verdict := "not the base model in this program"
	if policy.Hash() == base.Hash() {
		verdict = "the base model in this program, byte for byte"
	}
	_, err := fmt.Fprintf(a.stdout, "model   %s\nhash    %s (%s)\nnext    negativa eval --model %s --task %s\n",
		filepath.Clean(model), policy.Hash(), verdict, filepath.Clean(model), family.Name())
	return err
}
