package train

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// judged is a family with another verifier: an untrained policy answers nothing right,
// and a test needs both kinds of answers.
type judged struct {
	Problems
	right func(completion string) bool
}

func (j judged) Verify(_ negativa.Problem, completion string) negativa.Verdict {
	return judgement(j.right, completion)
}

// judgedTagged is judged of a family whose answers are tagged.
type judgedTagged struct {
	task.Tagged
	right func(completion string) bool
}

func (j judgedTagged) Verify(_ negativa.Problem, completion string) negativa.Verdict {
	return judgement(j.right, completion)
}

func judgement(right func(string) bool, completion string) negativa.Verdict {
	if right(completion) {
		return negativa.Verdict{Outcome: negativa.Correct, Answer: completion}
	}
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: "the test says so", Answer: completion}
}

// even calls about half of all texts right.
func even(completion string) bool {
	sum := 0
	for _, c := range completion {
		sum += int(c)
	}
	return sum%2 == 0
}

func always(string) bool { return true }
func never(string) bool  { return false }

func countdown(t *testing.T) task.Family {
	t.Helper()
	return newFamily(t, "countdown")
}

func newFamily(t *testing.T, spec string) task.Family {
	t.Helper()
	family, err := task.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return family
}

func tinyPolicy(t *testing.T, tok *tokenizer.Tokenizer, o native.Options) *native.Engine {
	t.Helper()
	policy, err := native.New(native.Config{
		VocabSize: tok.VocabSize(), HiddenSize: 16, IntermediateSize: 24, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 8,
		MaxPositions: 48, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: 0.3,
	}, 1, o)
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// small is a config of a run that takes milliseconds and is off-policy enough for the
// clip to hold some tokens.
func small(objective string) Config {
	family := "countdown"
	if objective == "hicra" {
		family = "methods"
	}
	return Config{
		Model: "base", Task: family, Objective: objective, Seed: 7,
		MaxSteps: 2, PromptsPerStep: 4, NumGenerations: 4, NumMiniBatches: 2, NumIterations: 2,
		Optimizer: "adamw", LearningRate: 0.02, AdamBeta1: 0.9, AdamBeta2: 0.999, AdamEpsilon: 1e-8, WeightDecay: 0.01, MaxGradNorm: 1,
		Temperature: 1, TopP: 1, MaxCompletionLength: 8, MicroBatchTokens: 2048, DType: "f32", RolloutSteps: 1,
	}
}

// start makes a loop of a tiny policy half of whose answers are right. The policy
// is the same before every run.
func start(t *testing.T, c Config, changes ...func(l *Loop)) *Loop {
	t.Helper()
	family := countdown(t)
	problems := Problems(judged{family, even})
	if c.Task == "methods" {
		family = newFamily(t, c.Task)
		problems = judgedTagged{family.(task.Tagged), even}
	}
	tok := tokenizer.Char(family.Alphabet())
	resolved, goal, err := c.Resolve(family.MaxCompletion())
	if err != nil {
		t.Fatal(err)
	}
	l := &Loop{
		Config: resolved, Objective: goal, Problems: problems, Tokenizer: tok,
		Policy: tinyPolicy(t, tok, native.Options{Threads: c.Threads, MicroBatchTokens: c.MicroBatchTokens}),
	}
	for _, change := range changes {
		change(l)
	}
	if err := l.Start(); err != nil {
		t.Fatal(err)
	}
	return l
}

func judgedBy(right func(string) bool) func(*Loop) {
	return func(l *Loop) { l.Problems = judged{l.Problems, right} }
}

// steps takes the steps from … to−1 and returns their metrics without the clock's.
func steps(t *testing.T, l *Loop, from, to int) []map[string]float64 {
	t.Helper()
	var all []map[string]float64
	for step := from; step < to; step++ {
		m, err := l.Step(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		delete(m, "step_time")
		delete(m, "tokens_per_second")
		all = append(all, m)
	}
	return all
}

// stored is what a policy saves: the bytes of its weights and of its optimizer's state.
func stored(t *testing.T, policy engine.Checkpointer) map[string]string {
	t.Helper()
	dir := t.TempDir()
	if err := policy.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	saved := files(t, dir)
	maps.DeleteFunc(saved, func(name, _ string) bool { return filepath.Ext(name) != ".safetensors" })
	return saved
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(dir, path))
		out[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
