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
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/verify"
)

// fromModel draws samples from a local model.
func (c *evalCommand) fromModel(a *app, s settings) (eval.Evaluation, error) {
	q, err := c.questions(a, s)
	if err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	policy, tok, err := openModel(c.Model, native.Options{Threads: c.Threads, Precision: native.Precision(c.DType)})
	if err != nil {
		return eval.Evaluation{}, err
	}
	sampling := c.sampling(s, q)
	sampling.DType = c.DType
	if err := q.canAsk(policy, tok, sampling.MaxTokens); err != nil {
		return eval.Evaluation{}, err
	}
	options := eval.Options{
		N: cmp.Or(s.n, 256), K: c.K, Bootstrap: eval.DefaultBootstrap(c.Seed), Sampling: sampling,
		Split: q.split, Model: policy.Hash(), Verifier: q.version,
	}
	if err := options.Validate(q.problems); err != nil {
		return eval.Evaluation{}, badInput(err)
	}
	p := a.start("evaluate", len(q.problems))
	defer p.stop()
	options.Each = func(groups []negativa.Group) error {
		p.add(len(groups), "")
		return nil
	}
	run := func(o eval.Options) (eval.Evaluation, error) {
		return eval.Run(a.ctx, policy, tok, q.verifier, q.problems, o)
	}
	if c.Out != "" {
		run = keeping(filepath.Join(c.Out, samplesFile), run)
	}
	e, err := run(options)
	if q.data != nil {
		e.Conditions.Data, e.Conditions.Task = q.data, ""
	}
	return e, err
}

// canAsk checks that the tokenizer writes the problems and that the model has the
// positions for them and their answers.
func (q questions) canAsk(policy *native.Engine, tok *tokenizer.Tokenizer, maxTokens int) error {
	if q.family != nil {
		return canAsk(policy, tok, q.family, maxTokens)
	}
	have := policy.Config().MaxPositions
	for _, p := range q.problems {
		prompt, err := tok.EncodePrompt(p.Prompt)
		if err != nil {
			return badInput(fmt.Errorf("this model cannot be asked question %q: %w", p.ID, err))
		}
		if need := len(prompt) + maxTokens; need > have {
			return badInput(fmt.Errorf("question %q needs %d positions (a prompt of %d and max_completion_length %d), the model has %d: lower max_completion_length, or leave it out",
				p.ID, need, len(prompt), maxTokens, have))
		}
	}
	return nil
}

// evaluate runs an evaluation on held-out problems, stamped with what was evaluated.
func evaluate(a *app, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family, problems []negativa.Problem, o eval.Options) (eval.Evaluation, error) {
	o.Split, o.Model, o.Verifier = string(task.Test), policy.Hash(), verify.Version
	return eval.Run(a.ctx, policy, tok, family, problems, o)
}

// evaluateInto is evaluate with the samples kept in a file.
func evaluateInto(a *app, path string, policy *native.Engine, tok *tokenizer.Tokenizer, family task.Family, problems []negativa.Problem, o eval.Options) (eval.Evaluation, error) {
	return keeping(path, func(o eval.Options) (eval.Evaluation, error) {
		return evaluate(a, policy, tok, family, problems, o)
	})(o)
}

// keeping is an evaluation with the samples kept in a file, which appears whole or not at
// all.
func keeping(path string, run func(eval.Options) (eval.Evaluation, error)) func(eval.Options) (eval.Evaluation, error) {
	return func(o eval.Options) (e eval.Evaluation, err error) {
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
		if e, err = run(o); err != nil {
			return e, err
		}
		if err := errors.Join(w.Flush(), file.CloseAtomicallyReplace()); err != nil {
			return e, fmt.Errorf("keep the samples: %w", err)
		}
		return e, nil
	}
}
