package native

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/enginetest"
	"github.com/negativa-lab/negativa/internal/draw"
)

// Both shapes of the head, since a tied one has two paths into the same gradient, layers
// computed again on the way back, biases everywhere, and adapters on frozen weights.
func TestCompliance(t *testing.T) {
	qwen2, llama := small(true), small(false)
	qwen2.ModelType = Qwen2
	llama.ModelType, llama.AttentionBias, llama.MLPBias = Llama, true, true
	for name, s := range map[string]struct {
		config  Config
		options Options
		weights string
	}{
		"tied":       {small(true), Options{}, modelFile},
		"untied":     {small(false), Options{}, modelFile},
		"recomputed": {small(true), Options{Recompute: true}, modelFile},
		"qwen2":      {qwen2, Options{}, modelFile},
		"llama":      {llama, Options{}, modelFile},
		"adapted":    {qwen2, Options{LoRA: &LoRA{Rank: 3, Alpha: 4, RSLoRA: true, Targets: []string{"q_proj", "o_proj", "up_proj", "down_proj"}}}, adapterFile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time goes into writing checkpoints
			base := t.TempDir()
			enginetest.Run(t, enginetest.Subject{
				New: func(o enginetest.Options) (engine.Engine, error) {
					options := s.options
					options.Threads, options.MicroBatchTokens = o.Threads, o.MicroBatchTokens
					if options.LoRA != nil {
						return withAdapters(s.config, base, options)
					}
					return withValueHead(s.config, options)
				},
				VocabSize: s.config.VocabSize,
				Prompts:   [][]negativa.Token{{1}, {2, 3, 5, 7, 11, 13, 17}, {19, 4}},
				MaxTokens: 9,
				Weights:   []string{s.weights, valueFile},
				Noise:     2.4e-7, // a unit in the last place of a log-prob between −4 and −2
			})
		})
	}
}

// withAdapters opens a frozen model whose adapters are not zero, as training would make
// them.
func withAdapters(c Config, base string, o Options) (*Engine, error) {
	if _, err := os.Stat(filepath.Join(base, modelFile)); err != nil {
		e, err := New(c, 1, Options{Threads: o.Threads})
		if err != nil {
			return nil, err
		}
		if err := e.SaveModel(base); err != nil {
			return nil, err
		}
	}
	e, err := Open(base, o)
	if err != nil {
		return nil, err
	}
	randomise(e.model.adapters.arena, 0.2)
	e.model.pack(o.Threads)
	return e, nil
}

func randomise(x []float32, deviation float64) {
	source := draw.New(2, "randomise")
	for i := range x {
		x[i] = float32(deviation * source.Normal(uint64(i)))
	}
}

// withValueHead gives a fresh model a value head that is not zero, as training would:
// nothing flows back through a zero one.
func withValueHead(c Config, o Options) (*Engine, error) {
	e, err := New(c, 1, o)
	if err != nil {
		return nil, err
	}
	for i := range e.model.layers {
		for _, l := range e.model.layers[i].linears {
			randomise(l.bias, 0.2)
		}
	}
	source := draw.New(2, "value head")
	for i := range e.model.value {
		e.model.value[i] = float32(0.2 * source.Normal(uint64(i)))
	}
	return e, nil
}
