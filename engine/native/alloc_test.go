package native

import (
	"context"
	"fmt"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// After the first steps a training step allocates its result alone: one slice of
// evaluations, one slab for each kind of them. An optimizer step and a decoding step
// allocate nothing.
func TestStepsAllocateNothing(t *testing.T) {
	for _, options := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 2, MicroBatchTokens: 50, Recompute: true}, {Threads: 2, Precision: BF16}} {
		t.Run(fmt.Sprintf("%+v", options), func(t *testing.T) {
			e, err := New(small(true), 1, options)
			if err != nil {
				t.Fatal(err)
			}
			batch, loss := distinctBatch(e, 24), nextToken(24)
			train := func() {
				if _, err := e.ForwardBackward(t.Context(), batch, loss, 1); err != nil {
					t.Fatal(err)
				}
			}
			step := func() {
				if _, err := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 1e-4, Beta1: .9, Beta2: .99, Epsilon: 1e-8}); err != nil {
					t.Fatal(err)
				}
			}
			train()
			step()
			if n := settled(2, func() float64 { return testing.AllocsPerRun(5, train) }); n > 2 {
				t.Errorf("ForwardBackward allocates %v times, want the result's 2", n)
			}
			if n := settled(0, func() float64 { return testing.AllocsPerRun(5, step) }); n > 0 {
				t.Errorf("OptimStep allocates %v times", n)
			}
			if n := settled(0, func() float64 { return decodingAllocs(t.Context(), e) }); n > 0 {
				t.Errorf("a decoding step allocates %v times", n)
			}
		})
	}
}

// settled counts allocations until there are no more than wanted, or long enough. How many
// steps warm an engine up is the scheduler's to say: a thread held up in the middle keeps
// its scratch memory, and the others make more. It ends when every thread has its own.
func settled(want float64, count func() float64) (n float64) {
	for range 20 {
		if n = count(); n <= want {
			break
		}
	}
	return n
}

func distinctBatch(e *Engine, n int) []negativa.Datum {
	batch := make([]negativa.Datum, n)
	for i := range batch {
		completion := make([]negativa.Token, 3+i%7)
		for j := range completion {
			completion[j] = int32((i + 5*j) % e.Config().VocabSize)
		}
		batch[i] = negativa.Datum{ID: fmt.Sprint(i), Prompt: []negativa.Token{1, int32(i / 4)}, Completion: completion, Sign: 1 - i%3}
	}
	return batch
}

// decodingAllocs counts the allocations of steps in the middle of a run, when the
// decoder has been through one before.
func decodingAllocs(ctx context.Context, e *Engine) float64 {
	q := &queue{
		model: e.model, options: e.options, lanes: 32, params: engine.SampleParams{MaxTokens: 30, Temperature: 1, TopP: 0.9},
		requests: []engine.Request{{Prompt: []negativa.Token{1, 2, 3}, N: 6, Seed: 1}, {Prompt: []negativa.Token{4}, N: 5, Seed: 2}},
		out:      [][]negativa.Rollout{make([]negativa.Rollout, 6), make([]negativa.Rollout, 5)},
	}
	d := new(decoder)
	q.fill(1)
	d.run(ctx, q, e.options.Threads)
	q.next.Store(0)
	d.open(q, e.options.Threads)
	d.board(d.width)
	defer d.close()
	return testing.AllocsPerRun(20, d.step)
}
