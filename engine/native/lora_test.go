package native

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// PEFT's own float32 differs from these float64 goldens by up to 1.2e-5 in logits and 2.5e-5
// of a tensor's gradient, the largest of forty orders of summation (all-r8-rslora with its
// hidden width permuted at random): its adapters are several times larger than the weights.
// The tests allow one and a half times these.
const (
	adapterLogitBound  = 1.5 * 1.2e-5
	adapterTensorBound = 1.5 * 2.5e-5
)

var adapterFolders = []string{"all-r4", "all-r8-rslora", "qv-r4"}

func openAdapter(t *testing.T, folder string, o Options) (*Engine, *golden) {
	t.Helper()
	o.Base = "testdata/qwen3-headdim"
	e, err := Open(filepath.Join("testdata/lora", folder), o)
	if err != nil {
		t.Fatal(err)
	}
	g := new(golden)
	load(t, "qwen3-headdim", g)
	load(t, filepath.Join("lora", folder), &struct{ Loss *float64 }{&g.Loss})
	if g.tensors, err = safetensors.Read(filepath.Join("testdata/lora", folder, "golden.safetensors")); err != nil {
		t.Fatal(err)
	}
	return e, g
}

// logits of a sequence, one row a token.
func logitsOf(e *Engine, ids []int32) []float32 {
	a := &e.scorer.batch
	a.take([]engine.Sequence{{Prompt: ids[:1], Completion: append(slices.Clone(ids[1:]), 0)}}, 1, 1)
	e.scorer.evaluate(1, false, false)
	return a.logits
}

func TestAdaptersAgreeWithPEFT(t *testing.T) {
	for _, folder := range adapterFolders {
		t.Run(folder, func(t *testing.T) {
			e, g := openAdapter(t, folder, Options{Threads: 2})
			for i, ids := range g.Sequences {
				name := "logits." + strconv.Itoa(i)
				largest(t, name, logitsOf(e, ids), g.float32s(t, name), adapterLogitBound)
			}
			batch, targets := g.batch()
			result, err := e.ForwardBackward(t.Context(), batch, nextToken(targets), 1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss", result.Loss, g.Loss, lossBound)
			for _, tensor := range e.learner.grads.tensors {
				if isValue(tensor.name) {
					continue
				}
				want := g.float32s(t, "grad."+adapterPrefix+tensor.name)
				if d := relativeNorm(tensor.data, want); !(d <= adapterTensorBound) {
					t.Errorf("gradient of %s differs by %.3g of its norm, want ≤ %.3g", tensor.name, d, adapterTensorBound)
				}
			}
		})
	}
}

// A merged folder is a plain model that says what the adapted one says.
func TestMergedFoldersAgreeWithPEFT(t *testing.T) {
	for _, folder := range adapterFolders {
		e, g := openAdapter(t, folder, Options{Threads: 2})
		dir := t.TempDir()
		if err := e.Export(dir, safetensors.F32); err != nil {
			t.Fatal(err)
		}
		merged, err := Open(dir, Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, ids := range g.Sequences {
			name := "merged_logits." + strconv.Itoa(i)
			largest(t, folder+" "+name, logitsOf(merged, ids), g.float32s(t, name), adapterLogitBound)
		}
	}
}

func TestAdapterFoldersSurviveARoundTrip(t *testing.T) {
	e, g := openAdapter(t, "all-r8-rslora", Options{Threads: 1})
	train := func(e *Engine) {
		batch, targets := g.batch()
		if _, err := e.ForwardBackward(t.Context(), batch, nextToken(targets), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}); err != nil {
			t.Fatal(err)
		}
	}
	before := e.Hash()
	train(e)
	if e.Hash() == before {
		t.Error("a step changed nothing")
	}
	dir := t.TempDir()
	if err := e.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, Options{Threads: 1, Base: "testdata/qwen3-headdim"})
	if err != nil {
		t.Fatal(err)
	}
	train(e)
	train(again)
	if again.Hash() != e.Hash() {
		t.Error("a saved and opened adapter goes on differently")
	}
	_, lora, err := readAdapterConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lora.Targets)
	want := *e.model.lora
	slices.Sort(want.Targets)
	if diff := cmp.Diff(&want, lora); diff != "" {
		t.Error(diff)
	}
}

// Fresh adapters change nothing; the reference stays when they are trained.
func TestFreshAdaptersAreTheFrozenModel(t *testing.T) {
	for _, precision := range []Precision{F32, BF16} {
		for _, folder := range []string{"qwen2-untied-bf16", "llama-sharded", "qwen3-headdim"} {
			plain, g := openGoldenWith(t, folder, Options{Threads: 2, Precision: precision})
			frozen, _ := openGoldenWith(t, folder, Options{Threads: 2, Precision: precision, Frozen: true})
			adapted, _ := openGoldenWith(t, folder, Options{Threads: 2, Precision: precision, LoRA: &LoRA{Rank: 3, Alpha: 6}})
			want := logitsOf(plain, g.Sequences[2])
			for name, e := range map[string]*Engine{"frozen": frozen, "adapted": adapted} {
				if !slices.Equal(logitsOf(e, g.Sequences[2]), want) {
					t.Errorf("%s %s: the %s model's logits differ", folder, precision, name)
				}
			}
			if plain.Hash() != frozen.Hash() {
				t.Errorf("%s: the frozen model has another hash", folder)
			}
			if err := frozen.SaveModel(t.TempDir()); err == nil || !strings.Contains(err.Error(), "frozen") {
				t.Errorf("a frozen model was saved: %v", err)
			}
			if _, err := frozen.ForwardBackward(t.Context(), distinctBatch(frozen, 2), nextToken(2), 1); err == nil || !strings.Contains(err.Error(), "frozen") {
				t.Errorf("a frozen model was trained: %v", err)
			}
		}
	}
}
