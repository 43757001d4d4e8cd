package native

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// What transformers' own bfloat16 loses against the float64 goldens, in the worst model.
const (
	logitBoundBF16   = 0.0932
	logprobBoundBF16 = 0.0398
)

// With factors of products in bfloat16, and everything else in float32, the engine is no
// further from the truth than transformers in bfloat16.
func TestBFloat16AgreesWithTransformers(t *testing.T) {
	for _, folder := range folders {
		e, g := openGoldenWith(t, folder, Options{Threads: 2, Precision: BF16})
		for i, ids := range g.Sequences {
			name := "logits." + strconv.Itoa(i)
			largest(t, folder+" "+name, logitsOf(e, ids), g.float32s(t, name), logitBoundBF16)
			if len(ids) > 1 {
				name := "logprobs." + strconv.Itoa(i)
				largest(t, folder+" "+name, e.scorer.batch.logprobs[:len(ids)-1], g.float32s(t, name), logprobBoundBF16)
			}
		}
	}
}

// On every architecture, frozen, adapted or whole, in either precision: a recomputed
// log-probability is the sampled one bit for bit, and so is the one that training sees.
func TestSampledIsRecomputedOnRealModels(t *testing.T) {
	for _, folder := range folders {
		for _, o := range []Options{
			{Precision: F32},
			{Precision: BF16},
			{Precision: F32, LoRA: &LoRA{Rank: 4, Alpha: 8}},
			{Precision: BF16, LoRA: &LoRA{Rank: 4, Alpha: 8}},
			{Precision: BF16, Frozen: true},
		} {
			o.Threads = 2
			e, _ := openGoldenWith(t, folder, o)
			if o.LoRA != nil {
				randomise(e.model.adapters.arena, 0.1)
				e.model.pack(2)
			}
			sampledIsRecomputed(t, fmt.Sprintf("%s %+v", folder, o), e)
		}
	}
}

func sampledIsRecomputed(t *testing.T, name string, e *Engine) {
	t.Helper()
	requests := []engine.Request{{Prompt: []int32{5, 9, 200}, N: 5, Seed: 1}, {Prompt: []int32{7}, N: 3, Seed: 2}}
	groups, err := e.Sample(t.Context(), requests, engine.SampleParams{MaxTokens: 12, Temperature: 0.9, TopP: 1})
	if err != nil {
		t.Fatal(err)
	}
	var sequences []engine.Sequence
	var batch []negativa.Datum
	var sampled [][]float32
	for i, g := range groups {
		for j, r := range g {
			sequences = append(sequences, engine.Sequence{Prompt: requests[i].Prompt, Completion: r.Tokens})
			batch = append(batch, negativa.Datum{ID: fmt.Sprint(i, j), Prompt: requests[i].Prompt, Completion: r.Tokens})
			sampled = append(sampled, r.Logprobs)
		}
	}
	scored, err := e.Logprobs(t.Context(), sequences, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sampled {
		if !slices.Equal(sampled[i], scored[i]) {
			t.Fatalf("%s: sample %d was drawn with %v and scored as %v", name, i, sampled[i], scored[i])
		}
	}
	if e.options.Frozen {
		return
	}
	result, err := e.ForwardBackward(t.Context(), batch, nextToken(10), 0.9)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range result.Evaluations {
		for j, lp := range at.Logprobs {
			if float32(lp) != sampled[i][j] {
				t.Fatalf("%s: sample %d was drawn with %v and trained on as %v", name, i, sampled[i], at.Logprobs)
			}
		}
	}
}
