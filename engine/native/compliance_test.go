package native

import (
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/enginetest"
	"github.com/negativa-lab/negativa/internal/draw"
)

// Both shapes of the head, since a tied one has two paths into the same gradient, and
// layers computed again on the way back.
func TestCompliance(t *testing.T) {
	for name, tied := range map[string]bool{"tied": true, "untied": false, "recomputed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time goes into writing checkpoints
			enginetest.Run(t, enginetest.Subject{
				New: func(o enginetest.Options) (engine.Engine, error) {
					return withValueHead(small(tied), Options{Threads: o.Threads, MicroBatchTokens: o.MicroBatchTokens, Recompute: name == "recomputed"})
				},
				VocabSize: small(tied).VocabSize,
				Prompts:   [][]negativa.Token{{1}, {2, 3, 5, 7, 11, 13, 17}, {19, 4}},
				MaxTokens: 9,
				Weights:   []string{modelFile, valueFile},
				Noise:     2.4e-7, // a unit in the last place of a log-prob between −4 and −2
			})
		})
	}
}

// withValueHead gives a fresh model a value head that is not zero, as training would:
// nothing flows back through a zero one.
func withValueHead(c Config, o Options) (*Engine, error) {
	e, err := New(c, 1, o)
	if err != nil {
		return nil, err
	}
	source := draw.New(2, "value head")
	for i := range e.model.value {
		e.model.value[i] = float32(0.2 * source.Normal(uint64(i)))
	}
	return e, nil
}
