package train

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

func smallPretrain() PretrainConfig {
	return PretrainConfig{
		MaxSteps: 40, BatchSize: 16, LearningRate: 0.02, MinRatio: 0.1, WarmupSteps: 5,
		WeightDecay: 0.1, MaxGradNorm: 1, Seed: 3,
	}
}

// pretrain returns the metrics without the clock, and the policy's bytes.
func pretrain(t *testing.T, c PretrainConfig, o native.Options) ([]PretrainMetrics, map[string]string) {
	t.Helper()
	family := countdown(t)
	tok := tokenizer.Char(family.Alphabet())
	policy := tinyPolicy(t, tok, o)
	var all []PretrainMetrics
	err := Pretrain(t.Context(), policy, tok, family, c, func(m PretrainMetrics) error {
		m.StepTime = 0
		all = append(all, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, stored(t, policy)
}

// Pretraining starts from a policy that knows nothing and lowers the loss on problems
// that it never sees twice.
func TestPretrainLearns(t *testing.T) {
	metrics, _ := pretrain(t, smallPretrain(), native.Options{})
	first, last := metrics[0].Loss, 0.0
	for _, m := range metrics[len(metrics)-5:] {
		last += m.Loss / 5
	}
	if uniform := math.Log(20); first < 0.8*uniform || last > 0.8*uniform {
		t.Errorf("the loss went from %.3f to %.3f, a uniform guess is %.3f", first, last, uniform)
	}
	for i, m := range metrics {
		if m.Step != i+1 || m.NumTokens < 16 || !(m.GradNorm > 0) || !(m.LearningRate > 0) {
			t.Errorf("step %d: %+v", i+1, m)
		}
	}
}

func TestPretrainIsDeterministic(t *testing.T) {
	c := smallPretrain()
	c.MaxSteps = 4
	metrics, weights := pretrain(t, c, native.Options{Threads: 1})
	for _, o := range []native.Options{{Threads: 2, MicroBatchTokens: 100}, {Threads: 7, MicroBatchTokens: 1}} {
		again, same := pretrain(t, c, o)
		if diff := cmp.Diff(metrics, again); diff != "" || !maps.Equal(weights, same) {
			t.Errorf("%+v: same weights: %v, metrics: %s", o, maps.Equal(weights, same), diff)
		}
	}
	c.Seed++
	if _, other := pretrain(t, c, native.Options{}); maps.Equal(weights, other) {
		t.Error("another seed gave the same weights")
	}
}

// The rate climbs in a line to its peak and falls along a cosine to its end.
func TestPretrainRate(t *testing.T) {
	c := PretrainConfig{MaxSteps: 110, WarmupSteps: 10, LearningRate: 1, MinRatio: 0.1}
	for step, want := range map[int]float64{0: 0.1, 4: 0.5, 9: 1, 10: 1, 60: 0.55, 110: 0.1} {
		if got := c.rate(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("rate of step %d is %v, want %v", step, got, want)
		}
	}
	for step := 10; step < 109; step++ {
		if c.rate(step+1) >= c.rate(step) {
			t.Errorf("the rate does not fall from step %d to %d", step, step+1)
		}
	}
	for _, c := range []PretrainConfig{{MaxSteps: 1, LearningRate: 1}, {MaxSteps: 3, WarmupSteps: 5, LearningRate: 1}} {
		if r := c.rate(0); !(r > 0 && r <= 1) {
			t.Errorf("%+v: rate %v", c, r)
		}
	}
}

// steered records what a policy's optimizer is told.
type steered struct {
	engine.Trainer
	told []engine.OptimParams
}

func (s *steered) OptimStep(ctx context.Context, p engine.OptimParams) (engine.Update, error) {
	s.told = append(s.told, p)
	return s.Trainer.OptimStep(ctx, p)
}

// The optimizer is AdamW with the config's numbers and the rate of the step, which is also
// the one reported.
func TestPretrainSteersTheOptimizer(t *testing.T) {
	family := countdown(t)
	tok := tokenizer.Char(family.Alphabet())
	policy := &steered{Trainer: tinyPolicy(t, tok, native.Options{})}
	c := smallPretrain()
	c.MaxSteps, c.WarmupSteps, c.WeightDecay, c.MaxGradNorm = 3, 2, 0.25, 0.5
	var reported []float64
	err := Pretrain(t.Context(), policy, tok, family, c, func(m PretrainMetrics) error {
		reported = append(reported, m.LearningRate)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for step, p := range policy.told {
		want := engine.OptimParams{
			Optimizer: engine.AdamW, LearningRate: c.rate(step), Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.25, MaxGradNorm: 0.5,
		}
		if diff := cmp.Diff(want, p); diff != "" || reported[step] != p.LearningRate {
			t.Errorf("step %d, reported rate %v: %s", step, reported[step], diff)
		}
	}
	if len(policy.told) != 3 {
		t.Errorf("%d optimizer steps of 3", len(policy.told))
	}
}

// seeds records the addresses of a family's traces.
type seeds struct {
	task.Family
	seen map[uint64]bool
}

func (s seeds) Trace(p negativa.Problem, seed uint64) string {
	s.seen[seed] = true
	return s.Family.Trace(p, seed)
}

// No two traces share a draw, within a step or across steps.
func TestTracesAreDrawnApart(t *testing.T) {
	family := seeds{countdown(t), map[uint64]bool{}}
	tok := tokenizer.Char(family.Alphabet())
	for step := range 3 {
		if _, _, err := traces(tok, family, smallPretrain(), step); err != nil {
			t.Fatal(err)
		}
	}
	if len(family.seen) != 3*smallPretrain().BatchSize {
		t.Errorf("%d different draws of %d traces", len(family.seen), 3*smallPretrain().BatchSize)
	}
}

// Every trace is a correct answer, ends with the stop token, and has the same weight as
// every other token of the step; no problem is of another split.
func TestTracesAreCorrectAnswers(t *testing.T) {
	family := countdown(t)
	tok := tokenizer.Char(family.Alphabet())
	c := smallPretrain()
	batch, tokens, err := traces(tok, family, c, 2)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for i, d := range batch {
		problem := family.Problem(task.Pretrain, c.Seed, uint64(2*c.BatchSize+i))
		end := len(d.Completion) - 1
		text := tok.Decode(d.Completion[:end])
		if v := family.Verify(problem, text); tok.Decode(d.Prompt) != problem.Prompt || v.Outcome.String() != "correct" {
			t.Errorf("row %s: prompt %q, trace %q is %v", d.ID, tok.Decode(d.Prompt), text, v)
		}
		if d.Completion[end] != tok.EOS() || slices.Contains(d.Completion[:end], tok.EOS()) || d.Row.Weight != 1/float64(tokens) {
			t.Errorf("row %s: completion %v, weight %v", d.ID, d.Completion, d.Row.Weight)
		}
		total += len(d.Completion)
	}
	if len(batch) != c.BatchSize || total != tokens {
		t.Errorf("%d rows with %d tokens, %d reported", len(batch), total, tokens)
	}
}

func TestPretrainConfigRefusesImpossibleValues(t *testing.T) {
	if err := smallPretrain().Validate(); err != nil {
		t.Errorf("a possible config: %v", err)
	}
	for want, change := range map[string]func(c *PretrainConfig){
		"max_steps is 0; it must be at least 1":           func(c *PretrainConfig) { c.MaxSteps = 0 },
		"batch_size is -1":                                func(c *PretrainConfig) { c.BatchSize = -1 },
		"learning_rate is 0; it must be positive":         func(c *PretrainConfig) { c.LearningRate = 0 },
		"learning_rate is NaN":                            func(c *PretrainConfig) { c.LearningRate = math.NaN() },
		"min_lr_ratio is 1.5; it must be between 0 and 1": func(c *PretrainConfig) { c.MinRatio = 1.5 },
		"warmup_steps is -1":                              func(c *PretrainConfig) { c.WarmupSteps = -1 },
		"weight_decay is +Inf":                            func(c *PretrainConfig) { c.WeightDecay = math.Inf(1) },
		"max_grad_norm is -1":                             func(c *PretrainConfig) { c.MaxGradNorm = -1 },
	} {
		c := smallPretrain()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestPretrainStopsAtTheFirstError(t *testing.T) {
	family := countdown(t)
	tok := tokenizer.Char(family.Alphabet())
	policy := tinyPolicy(t, tok, native.Options{})
	full := errors.New("disk full")
	calls := 0
	err := Pretrain(t.Context(), policy, tok, family, smallPretrain(), func(PretrainMetrics) error { calls++; return full })
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d calls, want the callback's after one", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(PretrainMetrics) error { t.Error("a step was taken"); return nil }
	if err := Pretrain(ctx, policy, tok, family, smallPretrain(), never); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	digits := tokenizer.Char("0123456789,=:")
	if err := Pretrain(t.Context(), tinyPolicy(t, digits, native.Options{}), digits, family, smallPretrain(), never); err == nil || !strings.Contains(err.Error(), "trace of problem countdown/") {
		t.Errorf("error %v, want one that names the problem", err)
	}
}
