package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/verify"
)

type evalCommand struct {
	File configFile `arg:"" optional:"" name:"config.yaml" help:"YAML file of keys named as the flags; flags win over it."`

	Model   string `name:"model" help:"Model folder (config.json, model.safetensors, tokenizer.json), or base: the model in this program."`
	Task    string `name:"task" default:"countdown" help:"Task family; options follow a colon (countdown:numbers=4)."`
	Samples string `name:"samples" type:"path" help:"JSONL file of graded samples: question_id, generation_id, label."`

	N           int    `name:"n" help:"Samples of each problem (256; of a file: all that every question has)."`
	K           []int  `name:"k" help:"Further k of Pass@k, beside the powers of two up to n."`
	NumProblems int    `name:"num_problems" default:"200" help:"Held-out problems."`
	ProblemSeed uint64 `name:"problem_seed" default:"1" help:"Seed of the held-out problems."`

	Temperature         float64 `name:"temperature" default:"1" help:"Sampling temperature."`
	TopK                int     `name:"top_k" default:"0" help:"Sample from the k likeliest tokens; 0: off."`
	TopP                float64 `name:"top_p" default:"1" help:"Sample from the likeliest tokens with this share; 1: off."`
	MinP                float64 `name:"min_p" default:"0" help:"Leave out tokens less likely than this times the likeliest; 0: off."`
	MaxCompletionLength int     `name:"max_completion_length" default:"0" help:"Tokens of a completion; 0: what the task's longest answer needs."`
	Seed                uint64  `name:"seed" default:"1" help:"Seed of the samples and of the intervals."`
	DType               string  `name:"dtype" default:"f32" enum:"f32,bf16" help:"f32, or bf16: factors of products in bfloat16."`
	Threads             int     `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`

	JSON bool   `name:"json" help:"Print JSON."`
	Out  string `name:"out" type:"path" help:"Folder for evaluation.json and samples.jsonl; it must be absent or empty."`
}

// Help is what `negativa eval --help` says beside the flags.
func (c *evalCommand) Help() string {
	return `Pass@k is the unbiased estimate 1 − C(n−c, k)/C(n, k), computed exactly and averaged
over problems; intervals are 95 % bootstraps over problems. Problems come from the
task's test split, which training never sees.

Examples:  negativa eval --model base --task countdown --n 64
           negativa eval --samples samples.jsonl --json`
}

func (c *evalCommand) Run(a *app) error {
	if (c.Model == "") == (c.Samples == "") {
		return badInput(errors.New("name one thing to evaluate: --model DIR (or base) with --task, or --samples FILE.jsonl"))
	}
	if err := checkFresh(c.Out); err != nil {
		return badInput(err)
	}
	evaluate := c.fromModel
	if c.Samples != "" {
		evaluate = c.fromFile
	}
	e, err := evaluate(a)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := rundir.WriteJSON(filepath.Join(c.Out, evaluationFile), e); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(a.stdout, e)
	}
	return report.PrintEvaluation(a.stdout, e)
}

func (c *evalCommand) fromFile(*app) (eval.Evaluation, error) {
	e, err := eval.File(c.Samples, c.N, c.K, eval.DefaultBootstrap(c.Seed))
	return e, badInput(err)
}

func (c *evalCommand) fromModel(a *app) (eval.Evaluation, error) {
	family, err := task.New(c.Task)
	if err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	policy, tok, err := openModel(c.Model, native.Options{Threads: c.Threads, Precision: native.Precision(c.DType)})
	if err != nil {
		return eval.Evaluation{}, err
	}
	options := eval.Options{
		N: cmp.Or(c.N, 256), K: c.K, Bootstrap: eval.DefaultBootstrap(c.Seed),
		Sampling: eval.Sampling{
			Temperature: c.Temperature, TopK: c.TopK, TopP: c.TopP, MinP: c.MinP, DType: c.DType, Seed: c.Seed,
			MaxTokens: cmp.Or(c.MaxCompletionLength, family.MaxCompletion()),
		},
	}
	if err := canAsk(policy, tok, family, options.Sampling.MaxTokens); err != nil {
		return eval.Evaluation{}, err
	}
	problems, err := task.Problems(family, task.Test, c.ProblemSeed, c.NumProblems)
	if err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	if err := options.Validate(problems); err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	p := a.start("evaluate", c.NumProblems)
	defer p.stop()
	options.Each = func(groups []negativa.Group) error {
		p.add(len(groups), "")
		return nil
	}
	if c.Out == "" {
		return evaluate(a, policy, tok, family, problems, options)
	}
	return evaluateInto(a, filepath.Join(c.Out, samplesFile), policy, tok, family, problems, options)
}

const (
	evaluationFile = "evaluation.json"
	samplesFile    = "samples.jsonl"
)

// evaluate runs an evaluation on held-out problems, stamped with what was evaluated.
func evaluate(a *app, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family, problems []negativa.Problem, o eval.Options) (eval.Evaluation, error) {
	o.Split, o.Model, o.Verifier = string(task.Test), policy.Hash(), verify.Version
	return eval.Run(a.ctx, policy, tok, family, problems, o)
}

// evaluateInto is evaluate with the samples kept in a file, which appears whole or not
// at all.
func evaluateInto(a *app, path string, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family, problems []negativa.Problem, o eval.Options) (e eval.Evaluation, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return e, err
	}
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return e, fmt.Errorf("keep the samples: %w", err)
	}
	defer file.Cleanup() //nolint:errcheck // does nothing once the file is in place
	w := bufio.NewWriter(file)
	each := o.Each
	o.Each = func(groups []negativa.Group) error {
		return errors.Join(eval.WriteSamples(w, groups), each(groups))
	}
	if e, err = evaluate(a, policy, tok, family, problems, o); err != nil {
		return e, err
	}
	if err := errors.Join(w.Flush(), file.CloseAtomicallyReplace()); err != nil {
		return e, fmt.Errorf("keep the samples: %w", err)
	}
	return e, nil
}
