package claim

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

// prior is a base model that the lab makes: by the recipe of the embedded one, which the zero
// prior is, but for the task and what is said otherwise. Each seed of a claim has its own, under Quick
// all have one.
type prior struct {
	task string
	with string // further keys of pretrain, in YAML
}

// ground is a model to start from, with problems that it is trained and evaluated on.
type ground struct {
	model    string // folder
	tok      *tokenizer.Tokenizer
	family   task.Family
	problems []negativa.Problem // held out
}

// ground is where a variation starts.
func (l *Lab) ground(ctx context.Context, v variation, seed uint64) (*ground, error) {
	spec := v.task
	if spec == "" {
		spec = v.from.task
	}
	if spec == "" {
		spec = "countdown"
	}
	if v.from == (prior{}) || l.Quick {
		seed = 0
	}
	key := fmt.Sprintf("%+v %s %d", v.from, spec, seed)
	if g := l.grounds[key]; g != nil {
		return g, nil
	}
	family, err := task.New(spec)
	if err != nil {
		return nil, err
	}
	g := &ground{family: family}
	if g.problems, err = task.Problems(family, task.Test, 1, l.small(200, 40)); err != nil {
		return nil, err
	}
	if g.model, err = l.base(ctx, v.from, seed); err != nil {
		return nil, err
	}
	if g.tok, err = tokenizer.Load(g.model); err != nil {
		return nil, err
	}
	l.grounds[key] = g
	return g, nil
}

// base is the folder of a prior's model, which is made once.
func (l *Lab) base(ctx context.Context, from prior, seed uint64) (string, error) {
	key := fmt.Sprintf("%+v %d", from, seed)
	if dir := l.bases[key]; dir != "" {
		return dir, nil
	}
	dir, err := os.MkdirTemp(l.dir, "base-")
	if err != nil {
		return "", err
	}
	if from == (prior{}) {
		err = base.Extract(dir)
	} else {
		err = l.pretrain(ctx, from, seed, dir)
	}
	if err == nil {
		l.bases[key] = dir
	}
	return dir, err
}

// pretrain makes a prior's model and writes it with its tokenizer.
func (l *Lab) pretrain(ctx context.Context, from prior, seed uint64, dir string) error {
	var c train.PretrainConfig
	if err := kong.ApplyDefaults(&c); err != nil {
		return err
	}
	if err := further(from.with, &c); err != nil {
		return err
	}
	c.Task, c.Seed, c.MaxSteps = from.task, seed, l.small(c.MaxSteps, 60)
	family, err := task.New(c.Task)
	if err != nil {
		return err
	}
	tok := tokenizer.Char(task.Alphabet() + family.Alphabet())
	policy, err := base.New(c, tok, l.Threads)
	if err != nil {
		return err
	}
	if err := train.Pretrain(ctx, policy, tok, family, c, func(train.PretrainMetrics) error { return nil }); err != nil {
		return err
	}
	return errors.Join(policy.SaveModel(dir), tok.Save(dir))
}
