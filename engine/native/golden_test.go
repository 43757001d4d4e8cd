package native

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Three times what transformers' own float32 differs from the float64 goldens.
const (
	logitBound     = 3 * 2.7e-6
	logprobBound   = 3 * 1.5e-6
	lossBound      = 3 * 5e-7
	gradientBound  = 3 * 1.4e-6
	tensorBound    = 3 * 2.7e-6
	adamLossBound  = 3 * 5.3e-7
	adamWholeBound = 3 * 4.5e-5
)

type golden struct {
	Sequences [][]int32 `json:"sequences"`
	Loss      float64   `json:"loss"`
	GradNorm  float64   `json:"grad_norm"`
	Greedy    []struct {
		Prompt         []int32 `json:"prompt"`
		Continuation   []int32 `json:"continuation"`
		SmallestMargin float64 `json:"smallest_margin"`
	} `json:"greedy"`
	AdamW struct {
		LR          float64    `json:"lr"`
		Betas       [2]float64 `json:"betas"`
		Eps         float64    `json:"eps"`
		WeightDecay float64    `json:"weight_decay"`
		Losses      []float64  `json:"losses_before_each_step"`
		After       float64    `json:"loss_after"`
	} `json:"adamw"`
	tensors *safetensors.File
}

var folders = []string{
	"qwen2-tied", "qwen2-untied-bf16", "qwen2-yarn", "qwen3-headdim", "qwen3-untied",
	"llama3-rope", "llama-linear-rope", "llama-yarn", "llama-sharded", "llama-f16",
}

func load(t *testing.T, folder string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", folder, "golden.json"))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openGolden(t *testing.T, folder string) (*Engine, *golden) {
	t.Helper()
	return openGoldenWith(t, folder, Options{Threads: 2})
}

func openGoldenWith(t *testing.T, folder string, o Options) (*Engine, *golden) {
	t.Helper()
	e, err := Open(filepath.Join("testdata", folder), o)
	if err != nil {
		t.Fatal(err)
	}
	g := new(golden)
	load(t, folder, g)
	if g.tensors, err = safetensors.Read(filepath.Join("testdata", folder, "golden.safetensors")); err != nil {
		t.Fatal(err)
	}
	return e, g
}

func (g *golden) float32s(t *testing.T, name string) []float32 {
	t.Helper()
	tensor, ok := g.tensors.Tensor(name)
	if !ok {
		t.Fatalf("the golden file has no %s", name)
	}
	x, err := tensor.Float32s()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func largest(t *testing.T, name string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", name, len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(want[i])))
	}
	if !(worst <= bound) {
		t.Errorf("%s differs by up to %.3g, want ≤ %.3g", name, worst, bound)
	}
}

func relativeNorm(got, want []float32) float64 {
	var d, n float64
	for i := range want {
		d += (float64(got[i]) - float64(want[i])) * (float64(got[i]) - float64(want[i]))
		n += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(d / n)
}

func near(t *testing.T, name string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) <= bound) {
		t.Errorf("%s = %.9g, want %.9g ± %.3g", name, got, want, bound)
	}
}

func TestForwardAgreesWithTransformers(t *testing.T) {
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			e, g := openGolden(t, folder)
			for i, ids := range g.Sequences {
				suffix := "." + strconv.Itoa(i)
				// A spare last token makes every position of the sequence predict something.
				a := &e.scorer.batch
				a.take([]engine.Sequence{{Prompt: ids[:1], Completion: append(slices.Clone(ids[1:]), 0)}}, 1, 1)
				e.scorer.evaluate(1, true, true)
				largest(t, "logits"+suffix, a.logits, g.float32s(t, "logits"+suffix), logitBound)
				entropies := make([]float32, len(a.entropy))
				for i, h := range a.entropy {
					entropies[i] = float32(h)
				}
				largest(t, "entropy"+suffix, entropies, g.float32s(t, "entropy"+suffix), logprobBound)
				if len(ids) > 1 {
					largest(t, "logprobs"+suffix, a.logprobs[:len(ids)-1], g.float32s(t, "logprobs"+suffix), logprobBound)
				}
			}
		})
	}
}

// nextToken is the mean negative log-likelihood over `targets` tokens.
func nextToken(targets int) negativa.Loss {
	return negativa.Loss{Row: func(_ *negativa.Row, at, grad *negativa.Evaluation) float64 {
		loss := 0.0
		for i, lp := range at.Logprobs {
			loss -= lp / float64(targets)
			grad.Logprobs[i] = -1 / float64(targets)
		}
		return loss
	}}
}

func (g *golden) batch() (batch []negativa.Datum, targets int) {
	for i, ids := range g.Sequences {
		if len(ids) > 1 {
			batch = append(batch, negativa.Datum{ID: strconv.Itoa(i), Prompt: ids[:1], Completion: ids[1:]})
			targets += len(ids) - 1
		}
	}
	return batch, targets
}

func TestGradientsAgreeWithTransformers(t *testing.T) {
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			e, g := openGolden(t, folder)
			batch, targets := g.batch()
			result, err := e.ForwardBackward(t.Context(), batch, nextToken(targets), 1)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss", result.Loss, g.Loss, lossBound)
			e.learner.grads.merge()
			near(t, "gradient norm", e.stepper.norm(e.learner.grads.arena, 1), g.GradNorm, gradientBound*g.GradNorm)
			var all, want []float32
			for _, tensor := range e.learner.grads.tensors {
				if isValue(tensor.name) {
					continue
				}
				expected := g.float32s(t, "grad."+tensor.name)
				if d := relativeNorm(tensor.data, expected); !(d <= tensorBound) {
					t.Errorf("gradient of %s differs by %.3g of its norm, want ≤ %.3g", tensor.name, d, tensorBound)
				}
				all, want = append(all, tensor.data...), append(want, expected...)
			}
			if d := relativeNorm(all, want); !(d <= gradientBound) {
				t.Errorf("the gradient differs by %.3g of its norm, want ≤ %.3g", d, gradientBound)
			}
		})
	}
}

func TestTenAdamWStepsAgreeWithPyTorch(t *testing.T) {
	for _, folder := range folders {
		t.Run(folder, func(t *testing.T) {
			e, g := openGolden(t, folder)
			batch, targets := g.batch()
			start := slices.Clone(e.model.arena)
			step := func() float64 {
				result, err := e.ForwardBackward(t.Context(), batch, nextToken(targets), 1)
				if err != nil {
					t.Fatal(err)
				}
				_, err = e.OptimStep(t.Context(), engine.OptimParams{
					Optimizer: engine.AdamW, LearningRate: g.AdamW.LR, Beta1: g.AdamW.Betas[0], Beta2: g.AdamW.Betas[1],
					Epsilon: g.AdamW.Eps, WeightDecay: g.AdamW.WeightDecay,
				})
				if err != nil {
					t.Fatal(err)
				}
				return result.Loss
			}
			for i, want := range g.AdamW.Losses {
				near(t, "loss before step "+strconv.Itoa(i), step(), want, adamLossBound)
			}
			var moved, want []float32
			at := 0
			for _, tensor := range e.model.tensors {
				if !isValue(tensor.name) {
					for j, w := range g.float32s(t, "adamw10."+tensor.name) {
						moved = append(moved, tensor.data[j]-start[at+j])
						want = append(want, w-start[at+j])
					}
				}
				at += len(tensor.data)
			}
			if d := relativeNorm(moved, want); !(d <= adamWholeBound) {
				t.Errorf("ten steps of AdamW differ by %.3g of their norm, want ≤ %.3g", d, adamWholeBound)
			}
			near(t, "loss after", step(), g.AdamW.After, adamLossBound)
		})
	}
}

func TestGreedyTextIsTransformers(t *testing.T) {
	for _, folder := range folders {
		e, g := openGolden(t, folder)
		for _, c := range g.Greedy {
			out, err := e.Sample(t.Context(), []engine.Request{{Prompt: c.Prompt, N: 1}},
				engine.SampleParams{MaxTokens: len(c.Continuation), TopP: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got := out[0][0].Tokens; !slices.Equal(got, c.Continuation) {
				t.Errorf("%s: greedy continuation of %v is %v, want %v", folder, c.Prompt, got, c.Continuation)
			}
		}
	}
}

func TestKeysOfTransformers4(t *testing.T) {
	older, err := filepath.Glob("testdata/*-v4*")
	if err != nil || len(older) < 8 {
		t.Fatalf("%d folders: %v", len(older), err)
	}
	for _, dir := range older {
		old, err := readConfig(dir)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(dir, "-v4")
		now, err := readConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		old.EOS, now.EOS = nil, nil
		if diff := cmp.Diff(now, old); diff != "" {
			t.Errorf("%s in older keys differs: %s", name, diff)
		}
	}
}

// Every token that either file names ends a text.
func TestListsOfEndTokens(t *testing.T) {
	c, err := readConfig("testdata/llama3-rope-v4-eos-list")
	if err != nil || !slices.Equal(c.EOS, Tokens{1, 3, 4}) {
		t.Errorf("end tokens %v (%v), want 1, 3, 4", c.EOS, err)
	}
	// As Qwen2.5 has it: one in config.json, several beside it.
	dir := copyFolder(t, "qwen2-tied")
	one, err := readConfig(dir)
	if err != nil || len(one.EOS) != 1 {
		t.Fatalf("end tokens %v (%v), want one", one.EOS, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), fmt.Appendf(nil, `{"eos_token_id": [77, %d]}`, one.EOS[0]), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err = readConfig(dir); err != nil || !slices.Equal(c.EOS, Tokens{one.EOS[0], 77}) {
		t.Errorf("end tokens %v (%v), want %d, 77", c.EOS, err, one.EOS[0])
	}
}

// The frequencies of Llama 3.1, by transformers' formula in float64. The tiny folders have none
// on the ramp between those that are left (0, 28) and those that are divided (35 on).
func TestFrequenciesOfLlama3(t *testing.T) {
	s := Scaling{Type: "llama3", Factor: 8, Original: 8192, LowFreqFactor: 1, HighFreqFactor: 4, AttentionFactor: 1}
	plain := kernel.Frequencies(128, 5e5)
	for i, want := range map[int]float64{0: 1, 28: 0.00321144599, 29: 0.00216657076, 31: 0.000856751413, 33: 0.00031269375, 34: 0.000178507813, 35: 9.55621235e-05, 63: 3.06892599e-07} {
		if got := float64(s.llama3(plain[i])); math.Abs(got-want) > 1e-6*want {
			t.Errorf("frequency %d is %.9g, want %.9g", i, got, want)
		}
	}
}

// The width of a head where config.json does not give it is transformers'.
func TestWidthsOfHeads(t *testing.T) {
	for family, want := range map[string]int{Qwen2: 16, Llama: 16, Qwen3: 128} {
		c, err := parseConfig(fmt.Appendf(nil, `{"model_type": %q, "vocab_size": 8, "hidden_size": 64, "intermediate_size": 8,
			"num_hidden_layers": 1, "num_attention_heads": 4, "max_position_embeddings": 8}`, family))
		if err != nil || c.HeadDim != want || c.KVHeads != 4 {
			t.Errorf("%s: heads of width %d, %d of keys (%v), want %d, 4", family, c.HeadDim, c.KVHeads, err, want)
		}
	}
}

func TestSlidingWindowsAreRefused(t *testing.T) {
	if _, err := readConfig("testdata/qwen2-sliding"); err == nil || !strings.Contains(err.Error(), "use_sliding_window") {
		t.Errorf("a sliding window: error %v", err)
	}
}
