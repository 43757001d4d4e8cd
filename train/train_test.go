package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/objective"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// metricNames are what every step reports, beside the clock.
var metricNames = strings.Fields(`
	reward reward_std correct_ratio frac_reward_zero_std fully_solved_ratio fully_unsolved_ratio
	verdicts/wrong verdicts/unparsed_prediction verdicts/over_budget
	completions/mean_length completions/min_length completions/max_length completions/clipped_ratio
	entropy kl num_tokens rollouts
	loss grad_norm grad_norm/right grad_norm/wrong grad_cosine move_cosine/right move_cosine/wrong learning_rate
	clip_ratio/low_mean clip_ratio/high_mean clip_ratio/region_mean ppo_kl ratio/mean ratio/min ratio/max
	sampling/sampling_logp_difference/max optimizer_steps optimizer_steps_skipped`)

// taggedNames are what a step reports besides of problems whose answers are tagged.
var taggedNames = strings.Fields(`
	entropy/strategy entropy/execution perplexity/strategy perplexity/execution errors/strategy errors/execution
	strategy_entropy strategy_entropy/within`)

func TestEveryObjectiveTrains(t *testing.T) {
	for _, name := range objective.Names() {
		t.Run(name, func(t *testing.T) {
			l := start(t, small(name))
			before := stored(t, l.Policy)
			for i, m := range steps(t, l, 0, 3) {
				checkMetrics(t, l.Objective, m)
				taken := m["optimizer_steps"] + m["optimizer_steps_skipped"]
				if m["rollouts"] != float64(16*(i+1)) || !l.Objective.Subset && taken != float64(4*(i+1)) {
					t.Errorf("%v rollouts and %v optimizer steps, taken or skipped, after step %d", m["rollouts"], taken, i+1)
				}
			}
			if maps.Equal(before, stored(t, l.Policy)) {
				t.Error("the policy has not changed")
			}
		})
	}
}

func checkMetrics(t *testing.T, o objective.Objective, m map[string]float64) {
	t.Helper()
	names := metricNames
	if o.Tagged {
		names = slices.Concat(metricNames, taggedNames)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(m))); diff != "" {
		t.Error(diff)
	}
	for name, x := range m {
		undefined := name == "grad_cosine" && o.Subset || // one half is empty
			name == "move_cosine/wrong" && o.Name == "psr" || name == "move_cosine/right" && o.Name == "nsr"
		if m["rollouts"] == 16 && strings.HasPrefix(name, "move_cosine/") {
			continue // nothing has moved before the first update, and the others may be clipped whole
		}
		if finite := !math.IsNaN(x) && !math.IsInf(x, 0); finite == undefined {
			t.Errorf("%s is %v", name, x)
		}
	}
	for law, holds := range map[string]bool{
		"the first update scores samples as they were drawn": m["sampling/sampling_logp_difference/max"] == 0,
		"some answers are right and some are wrong":          m["reward"] > 0 && m["reward"] < 1 && m["reward"] == m["correct_ratio"],
		"wrong answers are counted":                          m["verdicts/wrong"] == 16*(1-m["correct_ratio"]),
		"the updates leave the behaviour policy":             m["ratio/min"] < m["ratio/max"] && m["ppo_kl"] != 0,
		"the clip holds some tokens and not all":             m["clip_ratio/region_mean"] > 0 && m["clip_ratio/region_mean"] < 1,
		"psr has no wrong half":                              o.Name != "psr" || m["grad_norm/wrong"] == 0 && m["clip_ratio/low_mean"] == 0,
		"nsr has no right half":                              o.Name != "nsr" || m["grad_norm/right"] == 0 && m["clip_ratio/high_mean"] == 0,
	} {
		if !holds {
			t.Errorf("%s: not so in %v", law, m)
		}
	}
}

// A mini-batch without a row that can move a parameter is a step that is skipped and
// counted: no weight, moment or step count changes, not even by weight decay.
func TestNothingToLearnIsASkippedStep(t *testing.T) {
	zero, bonus := 0.0, 0.01
	for name, c := range map[string]struct {
		objective string
		right     func(string) bool
		change    func(c *Config)
		skipped   int // of two mini-batches and two iterations
	}{
		"nsr, all right":                      {"nsr", always, nil, 2},
		"nsr, all right, with entropy bonus":  {"nsr", always, func(c *Config) { c.EntropyCoef = &bonus }, 2},
		"nsr, all right, with KL in the loss": {"nsr", always, func(c *Config) { c.Beta = &bonus }, 2},
		"psr, all wrong":                      {"psr", never, nil, 2},
		"rloo, all right":                     {"rloo", always, nil, 4},
		"dr-grpo, all wrong":                  {"dr-grpo", never, nil, 4},
		"grpo, all wrong, without KL":         {"grpo", never, func(c *Config) { c.Beta = &zero }, 4},
		"w-reinforce, all right, lambda zero": {"w-reinforce", always, func(c *Config) { c.Lambda = &zero }, 4},
		"reinforce, all truncated and masked": {"reinforce", even, func(c *Config) { c.MaskTruncated, c.MaxCompletionLength = true, 1 }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			config := small(c.objective)
			if c.change != nil {
				c.change(&config)
			}
			l := start(t, config, judgedBy(c.right))
			before := stored(t, l.Policy)
			m := steps(t, l, 0, 1)[0]
			if s := l.State(); s.SkippedSteps != c.skipped || s.OptimizerSteps != 0 || m["optimizer_steps_skipped"] != float64(c.skipped) {
				t.Errorf("%+v, metric %v, want %d skipped", s, m["optimizer_steps_skipped"], c.skipped)
			}
			if !math.IsNaN(m["loss"]) || !math.IsNaN(m["grad_norm"]) || !math.IsNaN(m["ratio/max"]) {
				t.Errorf("loss %v, grad_norm %v, ratio/max %v of no update", m["loss"], m["grad_norm"], m["ratio/max"])
			}
			if diff := cmp.Diff(before, stored(t, l.Policy)); diff != "" {
				t.Error("the policy has changed")
			}
		})
	}
}

// No byte of weights, optimizer or metrics depends on the threads or the micro-batch.
func TestThreadsAndMicroBatchesChangeNothing(t *testing.T) {
	for _, name := range objective.Names() {
		t.Run(name, func(t *testing.T) {
			var weights map[string]string
			var metrics []map[string]float64
			for _, c := range []struct{ threads, microBatch int }{{1, 2048}, {2, 100}, {7, 1}} {
				config := small(name)
				config.Threads, config.MicroBatchTokens = c.threads, c.microBatch
				l := start(t, config)
				m := steps(t, l, 0, 2)
				got := stored(t, l.Policy)
				if weights == nil {
					weights, metrics = got, m
				}
				if !maps.Equal(got, weights) {
					t.Errorf("%d threads, micro-batches of %d tokens: other weights", c.threads, c.microBatch)
				}
				if diff := cmp.Diff(metrics, m, cmpopts.EquateNaNs()); diff != "" {
					t.Errorf("%d threads, micro-batches of %d tokens: %s", c.threads, c.microBatch, diff)
				}
			}
		})
	}
}

// constant is a family of one problem.
type constant struct{ Problems }

func (c constant) Problem(split task.Split, _, _ uint64) negativa.Problem {
	return c.Problems.Problem(split, 0, 0)
}

// Every step draws anew, of a problem that it has seen too.
func TestStepsDrawNewSamples(t *testing.T) {
	l := start(t, small("nsr"), func(l *Loop) { l.Problems = constant{l.Problems} })
	seen := map[string]bool{}
	for step := range 3 {
		groups, _, err := l.gather(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(groups)] = true
	}
	if len(seen) != 3 {
		t.Errorf("three steps drew %d different batches", len(seen))
	}
}

// A seed is a run: another one gives other weights, the same one the same.
func TestSeedsDecideRuns(t *testing.T) {
	seen := map[string]bool{}
	for _, seed := range []uint64{1, 2, 1} {
		c := small("nsr")
		c.Seed = seed
		l := start(t, c)
		steps(t, l, 0, 1)
		seen[stored(t, l.Policy)["model.safetensors"]] = true
	}
	if len(seen) != 2 {
		t.Errorf("two seeds gave %d different models", len(seen))
	}
}

// run trains into a fresh folder.
func run(t *testing.T, c Config, changes ...func(l *Loop)) (*Loop, error) {
	t.Helper()
	l := start(t, c)
	dir, err := rundir.Create(filepath.Join(t.TempDir(), "run"), []byte("a: b\n"), rundir.NewEnvironment(1, c.Seed))
	if err != nil {
		t.Fatal(err)
	}
	l.Dir = dir
	for _, change := range changes {
		change(l)
	}
	return l, l.Run(t.Context())
}

// A run leaves a line of metrics a step, samples and checkpoints at their intervals, and
// a last checkpoint that is the policy.
func TestRunLeavesItsFolder(t *testing.T) {
	c := small("nsr")
	c.MaxSteps, c.SaveSteps, c.RolloutSteps = 5, 2, 4
	var called []int
	l, err := run(t, c, func(l *Loop) { l.OnStep = func(step int, _ map[string]float64) { called = append(called, step) } })
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := l.Dir.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(called, []int{1, 2, 3, 4, 5}) || len(metrics) != 5 || metrics[4]["step"] != 5 {
		t.Errorf("called with %v, %d lines of metrics", called, len(metrics))
	}
	checkpoints, err := l.Dir.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	var saved []int
	for _, p := range checkpoints {
		saved = append(saved, p.Step)
	}
	if !slices.Equal(saved, []int{2, 4, 5}) {
		t.Errorf("checkpoints of steps %v", saved)
	}
	last := files(t, checkpoints[2].Path)
	for name, content := range stored(t, l.Policy) {
		if last[name] != content {
			t.Errorf("%s of the last checkpoint is not the policy's", name)
		}
	}
	if tok, err := tokenizer.Load(checkpoints[2].Path); err != nil || tok.VocabSize() != l.Tokenizer.VocabSize() {
		t.Errorf("the last checkpoint's tokenizer: %v", err)
	}
	checkSamples(t, l, files(t, l.Dir.Path("rollouts")))
}

// checkSamples reads what was kept of steps 1 and 4: every sample once, in order.
func checkSamples(t *testing.T, l *Loop, kept map[string]string) {
	t.Helper()
	if want := []string{"step-1.jsonl", "step-4.jsonl"}; !slices.Equal(slices.Sorted(maps.Keys(kept)), want) {
		t.Fatalf("samples of %v, want %v", slices.Sorted(maps.Keys(kept)), want)
	}
	lines := strings.Split(strings.TrimSpace(kept["step-4.jsonl"]), "\n")
	if len(lines) != 16 {
		t.Fatalf("%d samples, want 16", len(lines))
	}
	for i, line := range lines {
		var s sample
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		if s.GenerationID != i%4 || s.Label != even(s.Response) || s.Reward == 1 != s.Label || len(s.Tokens) != len(s.Logprobs) {
			t.Errorf("line %d: %+v", i, s)
		}
		if problem := l.Problems.Problem("train", l.Config.Seed, uint64(3*4+i/4)); s.QuestionID != problem.ID || s.Prompt != problem.Prompt {
			t.Errorf("line %d: problem %s, want %s", i, s.QuestionID, problem.ID)
		}
	}
}

// The draws of a step are addressed by its number, and a checkpoint holds all else: a
// policy that is loaded and goes on is, byte for byte, the one that never stopped. The
// reference is the policy of the start, so it is frozen before the checkpoint is loaded.
func TestGoingOnFromACheckpoint(t *testing.T) {
	for _, name := range []string{"nsr", "w-reinforce", "grpo", "ppo"} {
		t.Run(name, func(t *testing.T) {
			whole := start(t, small(name))
			want := steps(t, whole, 0, 4)

			c := small(name)
			c.Threads = 2
			first, err := run(t, c)
			if err != nil {
				t.Fatal(err)
			}
			saved, err := first.Dir.LatestCheckpoint()
			if err != nil {
				t.Fatal(err)
			}
			second := start(t, small(name))
			if err := second.Policy.Load(t.Context(), saved.Path); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(files(t, saved.Path)["trainer_state.json"]), &second.state); err != nil {
				t.Fatal(err)
			}
			if second.state != first.State() || second.state.Step != 2 {
				t.Errorf("stored state %+v, the loop's %+v", second.state, first.State())
			}
			if diff := cmp.Diff(want[2:], steps(t, second, 2, 4), cmpopts.EquateNaNs()); diff != "" {
				t.Error(diff)
			}
			if !maps.Equal(stored(t, second.Policy), stored(t, whole.Policy)) {
				t.Error("other weights")
			}
		})
	}
}

func TestCancellingStopsARun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := small("nsr")
	c.MaxSteps = 100
	l := start(t, c)
	l.OnStep = func(step int, _ map[string]float64) {
		if step == 2 {
			cancel()
		}
	}
	if err := l.Run(ctx); !errors.Is(err, context.Canceled) || l.State().Step != 2 {
		t.Errorf("error %v after step %d, want context.Canceled after 2", err, l.State().Step)
	}
}

// A step that leaves the finite numbers ends the run with an error that says where, and
// what was written before it stays.
func TestNumbersThatAreNotFiniteStopARun(t *testing.T) {
	c := small("reinforce")
	c.MaxSteps, c.SaveSteps, c.Optimizer, c.LearningRate, c.MaxGradNorm = 5, 1, "sgd", 1e38, 0
	l, err := run(t, c)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("step %d:", l.State().Step+1)) {
		t.Fatalf("error %v at step %d", err, l.State().Step+1)
	}
	metrics, err := l.Dir.Metrics()
	if err != nil || len(metrics) != l.State().Step {
		t.Errorf("%d lines of metrics of %d steps, %v", len(metrics), l.State().Step, err)
	}
}

// modest is an engine that offers no more than the interface.
type modest struct{ engine.Engine }

func (modest) Capabilities() engine.Capabilities { return engine.Capabilities{} }

func TestStartRefusesWhatTheEngineLacks(t *testing.T) {
	bonus := 0.01
	entropy := small("nsr")
	entropy.EntropyCoef = &bonus
	for want, c := range map[string]Config{"value head": small("ppo"), "entropy_coef 0.01": entropy} {
		l := start(t, c)
		l.Policy = modest{l.Policy}
		if err := l.Start(); !errors.Is(err, engine.ErrUnsupported) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	l := start(t, small("nsr"))
	l.Policy = modest{l.Policy}
	if err := l.Start(); err != nil {
		t.Errorf("nsr needs nothing more: %v", err)
	}
}

func TestStepNamesTheProblemItCannotAsk(t *testing.T) {
	l := start(t, small("nsr"))
	l.Config.MaxCompletionLength = 48
	if _, err := l.Step(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "max_position_embeddings") {
		t.Errorf("error %v, want one about max_position_embeddings", err)
	}
}
