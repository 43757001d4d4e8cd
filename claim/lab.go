package claim

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/internal/safetensors"
	"github.com/negativa-lab/negativa/reward"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
	"github.com/negativa-lab/negativa/verify"
)

// Lab trains and evaluates the embedded base model for claims. Trainings are kept while it
// lives, so that claims about one training make it once.
type Lab struct {
	Quick   bool // fewer steps, problems and samples: to see that it runs, not to judge
	Threads int

	dir      string
	family   task.Family
	problems []negativa.Problem
	tok      *tokenizer.Tokenizer
	trained  map[string]*training
}

// training is a policy with what was measured on the way.
type training struct {
	policy  *native.Engine
	metrics []map[string]float64
	eval    *eval.Evaluation
}

// NewLab makes a lab. Close removes what it keeps on disk.
func NewLab(quick bool, threads int) (*Lab, error) {
	l := &Lab{Quick: quick, Threads: threads, trained: map[string]*training{}}
	var err error
	if l.dir, err = os.MkdirTemp("", "negativa-claim-"); err != nil {
		return nil, err
	}
	if err := base.Extract(l.dir); err != nil {
		return nil, err
	}
	if l.tok, err = tokenizer.Load(l.dir); err != nil {
		return nil, err
	}
	if l.family, err = task.New("countdown"); err != nil {
		return nil, err
	}
	l.problems, err = task.Problems(l.family, task.Test, 1, l.small(200, 40))
	return l, err
}

// Close removes what the lab keeps on disk.
func (l *Lab) Close() error { return os.RemoveAll(l.dir) }

// small is a number in full, or under Quick.
func (l *Lab) small(full, quick int) int {
	if l.Quick {
		return quick
	}
	return full
}

// standard is how the lab trains where a claim says nothing else: the demo's settings.
const standard = "embedded base, task countdown, 100 steps of 128 prompts × 8 samples, 4 mini-batches, clip 0.2, AdamW at 1e-4, temperature 1, float32"

// variation is what a claim says otherwise.
type variation struct {
	objective    string
	learningRate float64 // 0: 1e-4
	reward       string  // "": truth
	steps        int     // 0: 100
}

func (l *Lab) config(v variation, seed uint64) (c train.Config, err error) {
	if err := kong.ApplyDefaults(&c); err != nil {
		return c, err
	}
	c.Objective, c.Seed, c.Threads, c.RolloutSteps = v.objective, seed, l.Threads, 0
	c.MaxSteps = l.small(100, 8)
	if v.steps > 0 {
		c.MaxSteps = l.small(v.steps, min(8, v.steps))
	}
	c.PromptsPerStep = l.small(128, 32)
	if v.learningRate > 0 {
		c.LearningRate = v.learningRate
	}
	if v.reward != "" {
		c.Reward = v.reward
	}
	return c, nil
}

// train trains the base model, once for each variation and seed.
func (l *Lab) train(ctx context.Context, v variation, seed uint64) (*training, error) {
	key := fmt.Sprintf("%+v %d", v, seed)
	if t := l.trained[key]; t != nil {
		return t, nil
	}
	c, err := l.config(v, seed)
	if err != nil {
		return nil, err
	}
	resolved, goal, err := c.Resolve(l.family.MaxCompletion())
	if err != nil {
		return nil, err
	}
	policy, err := l.base()
	if err != nil {
		return nil, err
	}
	worth, err := reward.New(resolved.Reward, seed)
	if err != nil {
		return nil, err
	}
	t := &training{policy: policy}
	loop := &train.Loop{
		Config: resolved, Objective: goal, Problems: l.family, Tokenizer: l.tok, Policy: policy, Reward: worth,
		OnStep: func(_ int, m map[string]float64) { t.metrics = append(t.metrics, m) },
	}
	if err := loop.Start(); err != nil {
		return nil, err
	}
	if err := loop.Run(ctx); err != nil {
		return nil, err
	}
	l.trained[key] = t
	return t, nil
}

// base opens the embedded model.
func (l *Lab) base() (*native.Engine, error) {
	return native.Open(l.dir, native.Options{Threads: l.Threads})
}

// evaluate measures Pass@k on held-out problems, once for each training.
func (l *Lab) evaluate(ctx context.Context, t *training) (eval.Evaluation, error) {
	if t.eval != nil {
		return *t.eval, nil
	}
	e, err := eval.Run(ctx, t.policy, l.tok, l.family, l.problems, eval.Options{
		N: l.small(256, 32), Bootstrap: eval.DefaultBootstrap(1), Split: string(task.Test), Model: t.policy.Hash(), Verifier: verify.Version,
		Sampling: eval.Sampling{Temperature: 1, TopP: 1, MaxTokens: l.family.MaxCompletion(), DType: string(native.F32), Seed: 1},
	})
	if err == nil {
		t.eval = &e
	}
	return e, err
}

// passAt is Pass@k in percent; the largest k for 0.
func passAt(e eval.Evaluation, k int) float64 {
	if k == 0 {
		k = e.PassAtK[len(e.PassAtK)-1].K
	}
	p, _ := e.PassAtK.At(k)
	return 100 * p
}

// folder writes a policy as a model folder of one type, to be compared.
func (l *Lab) folder(policy *native.Engine, dtype safetensors.DType) (string, error) {
	dir, err := os.MkdirTemp(l.dir, "weights-")
	if err != nil {
		return "", err
	}
	return dir, policy.Export(dir, dtype)
}

// baseFolder is folder for the embedded model.
func (l *Lab) baseFolder(dtype safetensors.DType) (string, error) {
	policy, err := l.base()
	if err != nil {
		return "", err
	}
	return l.folder(policy, dtype)
}
