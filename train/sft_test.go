package train

import (
	"maps"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/tokenizer"
)

func tune(t *testing.T, threads int) ([]float64, map[string]string) {
	t.Helper()
	tok := tokenizer.Char(countdown(t).Alphabet())
	policy := tinyPolicy(t, tok, native.Options{Threads: threads, MicroBatchTokens: 50 * threads})
	dir, err := rundir.Create(t.TempDir(), nil, rundir.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	var examples []negativa.Datum
	for i := range 10 {
		examples = append(examples, negativa.Datum{Prompt: []negativa.Token{1, 2}, Completion: []negativa.Token{3, negativa.Token(1 + i%3), 0}})
	}
	var losses []float64
	c := SFTConfig{Seed: 3, Epochs: 4, BatchSize: 4, LearningRate: 1e-2, MinRatio: 0.1, WarmupSteps: 2, SaveSteps: 5}
	err = FineTune(t.Context(), policy, examples, c, dir, func(m PretrainMetrics) error {
		losses = append(losses, m.Loss)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	checkpoints, err := dir.Checkpoints()
	if err != nil || len(checkpoints) != 2 || checkpoints[1].Step != 10 {
		t.Errorf("checkpoints %v (%v), want of steps 5 and 10", checkpoints, err)
	}
	return losses, stored(t, policy)
}

// Four epochs of ten examples are ten steps of four; the examples are learnt, and the bytes
// do not depend on the threads or the micro-batch.
func TestFineTuning(t *testing.T) {
	losses, weights := tune(t, 1)
	again, others := tune(t, 3)
	if len(losses) != 10 || losses[9] > losses[0]/2 {
		t.Errorf("losses %v", losses)
	}
	if !slices.Equal(losses, again) || !maps.Equal(weights, others) {
		t.Error("three threads learn something else than one")
	}
}

// Every example is seen once an epoch.
func TestEpochsAreWhole(t *testing.T) {
	c := SFTConfig{Seed: 1, BatchSize: 3, Epochs: 2}
	examples := make([]negativa.Datum, 5)
	for i := range examples {
		examples[i].Prompt, examples[i].Completion = make([]negativa.Token, 9), make([]negativa.Token, i+1)
	}
	var lengths []int
	for step := range c.Steps(5) {
		batch, tokens := c.batch(examples, step)
		sum, weight := 0, 0.0
		for _, d := range batch {
			lengths = append(lengths, len(d.Completion))
			sum += len(d.Completion)
			weight += d.Row.Weight * float64(len(d.Completion))
		}
		if sum != tokens || weight < 0.999 || weight > 1.001 {
			t.Errorf("step %d: %d tokens of %d, weights add up to %v", step, sum, tokens, weight)
		}
	}
	for _, epoch := range [][]int{lengths[:5], lengths[5:10]} {
		if seen := slices.Sorted(slices.Values(epoch)); !slices.Equal(seen, []int{1, 2, 3, 4, 5}) {
			t.Errorf("an epoch has the examples of lengths %v", seen)
		}
	}
}
