package native

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// small is a shape that exercises what can go wrong: grouped queries, a head width
// that is no multiple of a panel, a vocabulary that is not one either.
func small(tied bool) Config {
	eos := int32(0)
	return Config{
		VocabSize: 21, HiddenSize: 24, IntermediateSize: 40, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6,
		MaxPositions: 96, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: tied, InitializerRange: 0.25, EOS: Tokens{eos},
	}
}

// Law 2 at scale: over a million tokens drawn and computed again, no bit differs.
func TestSampledLogprobsAreRecomputedExactly(t *testing.T) {
	for precision, want := range map[Precision]int{F32: 1_000_000, BF16: 200_000} {
		t.Run(string(precision), func(t *testing.T) {
			if testing.Short() {
				want = 50_000
			}
			e, err := New(small(true), 1, Options{Precision: precision})
			if err != nil {
				t.Fatal(err)
			}
			recomputeTokens(t, e, want)
		})
	}
}

func recomputeTokens(t *testing.T, e *Engine, want int) {
	t.Helper()
	var requests []engine.Request
	for i := range 64 {
		prompt := make([]negativa.Token, 1+i%29)
		for j := range prompt {
			prompt[j] = int32((7*i + 3*j) % 21)
		}
		requests = append(requests, engine.Request{Prompt: prompt, N: 48, Seed: uint64(i)})
	}
	tokens := 0
	for round := 0; tokens < want; round++ {
		for i := range requests {
			requests[i].Seed = uint64(1000*round + i)
		}
		temperature := []float64{1, 0.6, 1.7}[round%3]
		groups, err := e.Sample(t.Context(), requests, engine.SampleParams{MaxTokens: 64, Temperature: temperature, TopP: 1, Stop: []int32{0}})
		if err != nil {
			t.Fatal(err)
		}
		tokens += compareRecomputed(t, e, requests, groups, temperature)
	}
	t.Logf("0 differing bits over %d tokens", tokens)
}

func compareRecomputed(t *testing.T, e *Engine, requests []engine.Request, groups [][]negativa.Rollout, temperature float64) (tokens int) {
	t.Helper()
	var sequences []engine.Sequence
	var sampled [][]float32
	for i, g := range groups {
		for _, r := range g {
			sequences = append(sequences, engine.Sequence{Prompt: requests[i].Prompt, Completion: r.Tokens})
			sampled = append(sampled, r.Logprobs)
		}
	}
	again, err := e.Logprobs(t.Context(), sequences, temperature)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sampled {
		for j, lp := range sampled[i] {
			if math.Float32bits(lp) != math.Float32bits(again[i][j]) {
				t.Fatalf("sequence %d token %d: sampled %v, recomputed %v", i, j, lp, again[i][j])
			}
			tokens++
		}
	}
	return tokens
}

// A long prompt, so that its queries are scored in several runs, and completions of
// every length down to one token.
func TestLongSequencesAreRecomputedExactly(t *testing.T) {
	c := small(true)
	c.MaxPositions = 3*queryRows + 40
	e, err := New(c, 1, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	prompt := make([]negativa.Token, 2*queryRows+5)
	for i := range prompt {
		prompt[i] = int32(i * i % 21)
	}
	requests := []engine.Request{{Prompt: prompt, N: 40, Seed: 1}, {Prompt: prompt[:queryRows], N: 1, Seed: 2}, {Prompt: prompt[:1], N: 3, Seed: 3}}
	groups, err := e.Sample(t.Context(), requests, engine.SampleParams{MaxTokens: 100, Temperature: 1, TopP: 1, Stop: []int32{0}})
	if err != nil {
		t.Fatal(err)
	}
	if compareRecomputed(t, e, requests, groups, 1) == 0 {
		t.Fatal("no tokens")
	}
}

// Under bf16 nothing depends on threads, micro-batches or recomputation either, and the
// policy is that of float32 but for the factors' rounding.
func TestHalfPrecision(t *testing.T) {
	train := func(o Options) ([]float32, []float64) {
		e, err := New(small(false), 1, o)
		if err != nil {
			t.Fatal(err)
		}
		var logprobs []float64
		for range 2 {
			result, err := e.ForwardBackward(t.Context(), distinctBatch(e, 24), nextToken(24), 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range result.Evaluations {
				logprobs = append(logprobs, at.Logprobs...)
			}
			if _, err := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 1e-3, Beta1: .9, Beta2: .99, Epsilon: 1e-8}); err != nil {
				t.Fatal(err)
			}
		}
		return e.model.arena, logprobs
	}
	want, half := train(Options{Threads: 1, Precision: BF16})
	for _, o := range []Options{{Threads: 3}, {Threads: 2, MicroBatchTokens: 7}, {Threads: 1, Recompute: true}} {
		o.Precision = BF16
		got, _ := train(o)
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%+v: parameter %d = %v, want %v", o, i, got[i], want[i])
			}
		}
	}
	_, full := train(Options{Threads: 1})
	var squares float64
	for i := range full {
		squares += (full[i] - half[i]) * (full[i] - half[i])
	}
	// Some thirty rounded factors lie on the way to a log-prob of size 3, each off by
	// 2⁻⁹·√⅓ of itself.
	if rms := math.Sqrt(squares / float64(len(full))); rms == 0 || rms > 0.03 {
		t.Errorf("log-probs differ from float32's by %v (root mean square)", rms)
	}
}

// A step of the demo's size: tokens per second of training and of sampling.
// A decoder's samples are the same, and recomputed exactly, however many threads share it
// and however many lanes it has: large models are decoded so.
func TestDecodersOfSeveralThreads(t *testing.T) {
	odd := small(true)
	odd.HiddenSize, odd.IntermediateSize, odd.Heads, odd.KVHeads, odd.HeadDim = 33, 47, 6, 3, 24
	for name, open := range map[string]func(p Precision) (*Engine, error){
		"even widths": func(p Precision) (*Engine, error) { return New(small(true), 1, Options{Threads: 2, Precision: p}) },
		"odd widths":  func(p Precision) (*Engine, error) { return New(odd, 1, Options{Threads: 2, Precision: p}) },
		"an adapter": func(p Precision) (*Engine, error) {
			return Open("testdata/lora/"+adapterFolders[0], Options{Threads: 2, Precision: p, Base: "testdata/qwen3-headdim"})
		},
	} {
		for _, p := range []Precision{F32, BF16} {
			t.Run(fmt.Sprintf("%s in %s", name, p), func(t *testing.T) {
				e, err := open(p)
				if err != nil {
					t.Fatal(err)
				}
				want := decoded(t, e, 1, 16)
				for _, crew := range [][2]int{{2, 3}, {3, 1}, {5, 16}} {
					if got := decoded(t, e, crew[0], crew[1]); !reflect.DeepEqual(got, want) {
						t.Errorf("%d threads and %d lanes draw other samples", crew[0], crew[1])
					}
				}
			})
		}
	}
}

// decoded is samples of one decoder, which are recomputed exactly.
func decoded(t *testing.T, e *Engine, threads, lanes int) [][]negativa.Rollout {
	t.Helper()
	const temperature = 0.8
	q := &queue{model: e.model, options: e.options, lanes: lanes, params: engine.SampleParams{MaxTokens: 20, Temperature: temperature, TopP: 1}}
	for i, length := range []int{1, 16, 17} {
		prompt := make([]negativa.Token, length)
		for j := range prompt {
			prompt[j] = int32((7*i + j*j) % e.Config().VocabSize)
		}
		q.requests = append(q.requests, engine.Request{Prompt: prompt, N: 5 - 2*i, Seed: uint64(i)})
		q.out = append(q.out, make([]negativa.Rollout, 5-2*i))
	}
	q.fill(1)
	new(decoder).run(t.Context(), q, threads)
	compareRecomputed(t, e, q.requests, q.out, temperature)
	return q.out
}

func BenchmarkEngine(b *testing.B) {
	eos := int32(0)
	e, err := New(Config{
		VocabSize: 32, HiddenSize: 96, IntermediateSize: 256, Layers: 3, Heads: 3, KVHeads: 3, HeadDim: 32,
		MaxPositions: 128, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: 0.1, EOS: Tokens{eos},
	}, 1, Options{})
	if err != nil {
		b.Fatal(err)
	}
	var requests []engine.Request
	for i := range 128 {
		requests = append(requests, engine.Request{Prompt: []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, int32(i % 32)}, N: 8, Seed: uint64(i)})
	}
	params := engine.SampleParams{MaxTokens: 14, Temperature: 1, TopP: 1}
	groups, err := e.Sample(b.Context(), requests, params)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sample", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Sample(b.Context(), requests, params); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(128*8*14*b.N)/b.Elapsed().Seconds(), "tokens/s")
	})
	var batch []negativa.Datum
	for i, g := range groups {
		for j, r := range g {
			batch = append(batch, negativa.Datum{ID: fmt.Sprint(i, j), Prompt: requests[i].Prompt, Completion: r.Tokens, Sign: 1 - 2*(j%2)})
		}
	}
	b.Run("train", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.ForwardBackward(b.Context(), batch, nextToken(1000), 1); err != nil {
				b.Fatal(err)
			}
			if _, err := e.OptimStep(b.Context(), engine.OptimParams{Optimizer: engine.AdamW, Beta1: .9, Beta2: .99, Epsilon: 1e-8}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(128*8*25*b.N)/b.Elapsed().Seconds(), "tokens/s")
	})
}
