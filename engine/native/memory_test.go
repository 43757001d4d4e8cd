package native

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// A plan that does not fit is refused, part by part, before anything is allocated.
func TestModelsBeyondMemoryAreRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "model")
	e, err := New(small(true), 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SaveModel(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { memoryLeft = availableMemory })
	memoryLeft = func() int64 { return 1000 }
	_, made := New(small(true), 1, Options{})
	_, opened := Open(dir, Options{})
	_, frozen := e.Reference()
	_, trained := e.ForwardBackward(t.Context(), distinctBatch(e, 2), nextToken(2), 1)
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"New":             {made, "weights packed for products"},
		"Open":            {opened, dir},
		"Reference":       {frozen, "freeze a reference"},
		"ForwardBackward": {trained, "activations of 2048 tokens"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) || !strings.Contains(c.err.Error(), "0.00 GiB are left") {
			t.Errorf("%s: error %v, want one with %q", name, c.err, c.want)
		}
	}
	huge := small(true)
	huge.VocabSize, huge.HiddenSize, huge.MaxPositions = 1<<24, 1<<20, 1
	memoryLeft = func() int64 { return 1 << 40 }
	if _, err := New(huge, 1, Options{}); err == nil || !strings.Contains(err.Error(), "are left") {
		t.Errorf("a model of 64 TiB: error %v", err)
	}
}

// The plan counts every number that is allocated.
func TestPlansCountParameters(t *testing.T) {
	for _, tied := range []bool{true, false} {
		if got, want := small(tied).parameters(), int64(len(newParams(small(tied), whole).arena)); got != want {
			t.Errorf("tied %v: %d parameters planned, %d made", tied, got, want)
		}
	}
}

// A weight that is no number is named where it shows, and no sample is made of it.
func TestPoisonedWeightsAreNamed(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		e, err := New(small(true), 1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e.model.layers[1].linears[vProj].weight[3] = bad
		e.model.pack(1)
		_, sampled := e.Sample(t.Context(), []engine.Request{{Prompt: []negativa.Token{1}, N: 3}}, engine.SampleParams{MaxTokens: 4, Temperature: 1, TopP: 1})
		_, scored := e.Logprobs(t.Context(), []engine.Sequence{{Prompt: []negativa.Token{1}, Completion: []negativa.Token{2}}}, 1)
		_, trained := e.ForwardBackward(t.Context(), distinctBatch(e, 2), nextToken(2), 1)
		for name, err := range map[string]error{"sample": sampled, "score": scored, "train": trained} {
			if err == nil || !strings.Contains(err.Error(), "model.layers.1.self_attn.v_proj.weight") {
				t.Errorf("%s with a weight %v: error %v", name, bad, err)
			}
		}
	}
}
