package base_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/base"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
	"github.com/negativa-lab/negativa/train"
)

func open(t *testing.T) (*native.Engine, *tokenizer.Tokenizer) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "base")
	if err := base.Extract(dir); err != nil {
		t.Fatal(err)
	}
	policy, err := native.Open(dir, native.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "model.safetensors"))
	if err != nil || info.Size() > 2<<20 {
		t.Errorf("the model has %d bytes, %v; it may have 2 MiB", info.Size(), err)
	}
	return policy, tok
}

func evaluation(t *testing.T) (e eval.Evaluation) {
	t.Helper()
	read(t, "eval.json", &e)
	return e
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

func TestHash(t *testing.T) {
	policy, _ := open(t)
	if got := policy.Hash(); got != base.Hash() {
		t.Errorf("the model has hash %s, eval.json is of %s", got, base.Hash())
	}
}

// TestRecipe: the recipe is what `negativa pretrain` does by default.
func TestRecipe(t *testing.T) {
	var recipe, defaults train.PretrainConfig
	if err := yaml.UnmarshalWithOptions(base.Recipe(), &recipe, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if err := kong.ApplyDefaults(&defaults); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults, recipe); diff != "" {
		t.Errorf("pretrain's defaults (-) are not the recipe (+)\n%s", diff)
	}
}

// TestRegime: right about half of the time, in reach of nearly every problem, and with
// more than one answer: where there is something to reinforce and something to lose.
func TestRegime(t *testing.T) {
	e := evaluation(t)
	if p, _ := e.PassAtK.At(1); p < 0.45 || p > 0.60 {
		t.Errorf("Pass@1 = %v", p)
	}
	if p, _ := e.PassAtK.At(256); p < 0.98 {
		t.Errorf("Pass@256 = %v", p)
	}
	if *e.DistinctCorrect < 2 || e.N < 256 || e.Problems < 200 {
		t.Errorf("%v distinct correct answers, n = %d, %d problems", *e.DistinctCorrect, e.N, e.Problems)
	}
}

// TestEvaluation draws some of the recorded samples again: the record is of this model,
// and this machine gives the counts of the one that wrote it.
func TestEvaluation(t *testing.T) {
	policy, tok := open(t)
	recorded := evaluation(t)
	family, err := task.New(recorded.Conditions.Task)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := task.Problems(family, task.Test, 1, 4)
	if err != nil {
		t.Fatal(err)
	}
	again, err := eval.Run(t.Context(), policy, tok, family, problems, eval.Options{
		N: recorded.N, Sampling: *recorded.Conditions.Sampling, Bootstrap: eval.DefaultBootstrap(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(recorded.Counts[:4], again.Counts); diff != "" {
		t.Errorf("with kernel %s: recorded (-), now (+)\n%s", kernel.Variant(), diff)
	}
}

// TestMetrics: the recipe's steps are all there, and it learnt.
func TestMetrics(t *testing.T) {
	var recipe train.PretrainConfig
	if err := yaml.Unmarshal(base.Recipe(), &recipe); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("metrics.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var losses []float64
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var m struct{ Loss float64 }
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, m.Loss)
	}
	if len(losses) != recipe.MaxSteps || losses[len(losses)-1] > 0.2 || losses[0] < 3 {
		t.Errorf("%d steps, loss from %v to %v", len(losses), losses[0], losses[len(losses)-1])
	}
}
