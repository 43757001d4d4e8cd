package cli

import (
	"strings"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/train"
)

// published is the shape of Qwen2.5-Math-7B, which the runs of 2506.01347 trained.
var published = native.Config{
	ModelType: native.Qwen2, VocabSize: 152064, HiddenSize: 3584, IntermediateSize: 18944, Layers: 28,
	Heads: 28, KVHeads: 4, HeadDim: 128, MaxPositions: 4096,
}

// tellNeeds says what a run takes with its model and, where it follows a preset of the
// paper, with its model: memory, and the arithmetic of a step whose completions are as long as
// they may be.
func tellNeeds(a *app, c train.Config, model native.Config, preset string) error {
	if err := tell(a, c, c.Model, model); err != nil || !strings.HasPrefix(preset, "rlvr-decomposed/") {
		return err
	}
	return tell(a, c, "Qwen2.5-Math-7B, the preset's own", published)
}

func tell(a *app, c train.Config, name string, model native.Config) error {
	plan, err := model.ToTrain(trainOptions(c))
	if err != nil {
		return err
	}
	// Two operations a parameter and token there, twice as many back; adapters spare the
	// weights' gradients, half of the way back.
	tokens := float64(c.PromptsPerStep*c.NumGenerations) * float64(c.MaxCompletionLength)
	sampling := 2 * float64(model.Parameters()) * tokens
	training := 3 * sampling * float64(c.NumIterations)
	if c.LoRARank > 0 {
		training = 2 * sampling * float64(c.NumIterations)
	}
	a.log.Info("needs", "model", name, "parameters", count(model.Parameters()), "memory", size(native.Total(plan)),
		"teraflop_a_step", int64((sampling+training)/1e12+0.5))
	return nil
}
