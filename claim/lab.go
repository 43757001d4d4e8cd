package claim

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/negativa-lab/negativa/diagnose"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/safetensors"
	"github.com/negativa-lab/negativa/reward"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/train"
	"github.com/negativa-lab/negativa/verify"
)

// Lab trains and evaluates small models for claims. What it has trained is kept on disk while
// it lives, so that claims about one training make it once.
type Lab struct {
	Quick   bool // fewer steps, problems and samples: to see that it runs, not to judge
	Threads int

	dir     string
	bases   map[string]string // folders
	grounds map[string]*ground
	trained map[string]*training
}

// training is a policy in a folder, with what was measured on the way.
type training struct {
	*ground
	model   string // folder
	metrics []map[string]float64
	trace   map[int]float64 // Pass@1 in percent of a few samples, by step
	eval    *eval.Evaluation
}

// NewLab makes a lab. Close removes what it keeps on disk.
func NewLab(quick bool, threads int) (*Lab, error) {
	dir, err := os.MkdirTemp("", "negativa-claim-")
	if err != nil {
		return nil, err
	}
	return &Lab{
		Quick: quick, Threads: threads, dir: dir,
		bases: map[string]string{}, grounds: map[string]*ground{}, trained: map[string]*training{},
	}, nil
}

// Close removes what the lab keeps on disk.
func (l *Lab) Close() error { return os.RemoveAll(l.dir) }

// small is a number in full, or under Quick.
func (l *Lab) small(full, quick int) int {
	if l.Quick {
		return min(full, quick)
	}
	return full
}

// standard is how the lab trains where a claim says nothing else: the demo's settings.
const standard = "embedded base, task countdown, 100 steps of 128 prompts × 8 samples, 4 mini-batches, clip 0.2, AdamW at 1e-4, temperature 1, float32"

// objectives is standard, for claims about the two halves of the signal.
const objectives = standard + "; PSR and NSR drop rows without an advantage, as the paper's code does"

// variation is what a claim says otherwise.
type variation struct {
	objective string
	steps     int    // 0: 100
	with      string // further keys of train, in YAML
	from      prior  // what is trained; zero: the embedded model
	task      string // what it is trained on; "": what it was made for
	trace     bool   // measure Pass@1 on the way, every ten steps
	probe     bool   // measure what steps do to probabilities, at the first and every tenth
}

func (l *Lab) config(v variation, seed uint64) (c train.Config, err error) {
	if err := kong.ApplyDefaults(&c); err != nil {
		return c, err
	}
	c.Objective, c.Seed, c.Threads, c.RolloutSteps = v.objective, seed, l.Threads, 0
	c.MaxSteps = 100
	if v.steps > 0 {
		c.MaxSteps = v.steps
	}
	c.MaxSteps, c.PromptsPerStep = l.small(c.MaxSteps, 8), l.small(c.PromptsPerStep, 32)
	return c, further(v.with, &c)
}

// train trains a model, once for each variation and seed.
func (l *Lab) train(ctx context.Context, v variation, seed uint64) (*training, error) {
	key := fmt.Sprintf("%+v %d", v, seed)
	if t := l.trained[key]; t != nil {
		return t, nil
	}
	g, err := l.ground(ctx, v, seed)
	if err != nil {
		return nil, err
	}
	t, err := l.trainOn(ctx, g, v, seed)
	if err == nil {
		l.trained[key] = t
	}
	return t, err
}

func (l *Lab) trainOn(ctx context.Context, g *ground, v variation, seed uint64) (*training, error) {
	c, err := l.config(v, seed)
	if err != nil {
		return nil, err
	}
	resolved, goal, err := c.Resolve(g.family.MaxCompletion())
	if err != nil {
		return nil, err
	}
	policy, err := native.Open(g.model, native.Options{Threads: l.Threads, UpdateMask: c.UpdateMask, Seed: seed})
	if err != nil {
		return nil, err
	}
	worth, err := reward.New(resolved.Reward, seed)
	if err != nil {
		return nil, err
	}
	t := &training{ground: g, trace: map[int]float64{}}
	loop := &train.Loop{
		Config: resolved, Objective: goal, Problems: g.family, Tokenizer: g.tok, Policy: policy, Reward: worth,
	}
	if v.probe {
		loop.Probe = diagnose.Signs(loop)
	}
	var traced error
	loop.OnStep = func(step int, m map[string]float64) {
		t.metrics = append(t.metrics, m)
		if v.trace && step%10 == 0 && traced == nil {
			traced = l.note(ctx, t, policy, step)
		}
	}
	if err := loop.Start(); err != nil {
		return nil, err
	}
	if err := errors.Join(loop.Run(ctx), traced); err != nil {
		return nil, err
	}
	t.model, err = l.folder(policy, safetensors.F32)
	return t, err
}

// evaluate measures Pass@k on held-out problems, once for each training.
func (l *Lab) evaluate(ctx context.Context, t *training) (eval.Evaluation, error) {
	if t.eval != nil {
		return *t.eval, nil
	}
	e, err := l.evaluateOn(ctx, t, t.family)
	if err == nil {
		t.eval = &e
	}
	return e, err
}

// evaluateOn has another family judge the answers to a training's problems.
func (l *Lab) evaluateOn(ctx context.Context, t *training, judge task.Family) (eval.Evaluation, error) {
	policy, err := native.Open(t.model, native.Options{Threads: l.Threads})
	if err != nil {
		return eval.Evaluation{}, err
	}
	return l.passAtK(ctx, t.ground, policy, judge, l.small(256, 32))
}

func (l *Lab) passAtK(ctx context.Context, g *ground, policy *native.Engine, judge task.Family, n int) (eval.Evaluation, error) {
	return eval.Run(ctx, policy, g.tok, judge, g.problems, eval.Options{
		N: n, Bootstrap: eval.DefaultBootstrap(1), Split: string(task.Test), Model: policy.Hash(), Verifier: verify.Version,
		Sampling: eval.Sampling{Temperature: 1, TopP: 1, MaxTokens: judge.MaxCompletion(), DType: string(native.F32), Seed: 1},
	})
}

// note measures Pass@1 on the way with few samples: 3,200 answers place it within a point.
func (l *Lab) note(ctx context.Context, t *training, policy *native.Engine, step int) error {
	e, err := l.passAtK(ctx, t.ground, policy, t.family, 16)
	t.trace[step] = passAt(e, 1)
	return err
}

// folder writes a policy as a model folder of one type, with its tokenizer left out.
func (l *Lab) folder(policy *native.Engine, dtype safetensors.DType) (string, error) {
	dir, err := os.MkdirTemp(l.dir, "weights-")
	if err != nil {
		return "", err
	}
	return dir, policy.Export(dir, dtype)
}

// stored is a training's model in one type, to be compared.
func (l *Lab) stored(model string, dtype safetensors.DType) (string, error) {
	policy, err := native.Open(model, native.Options{Threads: l.Threads})
	if err != nil {
		return "", err
	}
	return l.folder(policy, dtype)
}

// further sets keys of a config in YAML; no text leaves it as it is.
func further(text string, config any) error {
	if text == "" {
		return nil
	}
	return yaml.UnmarshalWithOptions([]byte(text), config, yaml.Strict())
}
