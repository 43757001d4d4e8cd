package tabular_test

import (
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/enginetest"
	"github.com/negativa-lab/negativa/engine/tabular"
)

func TestCompliance(t *testing.T) {
	prompts := [][]negativa.Token{{1}, {2, 3}, {3, 0, 1}}
	config := tabular.Config{VocabSize: 5, MaxTokens: 4, Stop: []negativa.Token{0}, Prompts: prompts, InitializerRange: 1}
	enginetest.Run(t, enginetest.Subject{
		New:       func(enginetest.Options) (engine.Engine, error) { return tabular.New(config, 1) },
		VocabSize: config.VocabSize,
		Prompts:   prompts,
		MaxTokens: config.MaxTokens,
		Weights:   []string{"model.safetensors"},
		Noise:     3e-16, // some units in the last place of numbers around one
	})
}
