// Package base holds the base model that ships in the program, with the recipe that made
// it, the recipe's metrics and what the model could do when it was made.
//
//	recipe.yaml    config of `negativa pretrain`; equal to its defaults
//	metrics.jsonl  one line a pretraining step
//	eval.json      Pass@1 to Pass@256 on held-out problems, with conditions
//	model/         Hugging Face folder
package base

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

//go:embed model
var model embed.FS

//go:embed recipe.yaml
var recipe []byte

//go:embed eval.json
var evaluation []byte

// Extract writes the model's folder to dir, which is made if there is none.
func Extract(dir string) error {
	files, err := fs.Sub(model, "model")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("write the base model to %s: %w", dir, err)
	}
	return nil
}

// Recipe is the YAML config of `negativa pretrain` that makes the model again.
func Recipe() []byte { return recipe }

// Hash is the SHA-256 of the model's configuration and weights, as recorded when the
// model was evaluated.
var Hash = sync.OnceValue(func() string {
	var e struct{ Conditions struct{ Model string } }
	if err := json.Unmarshal(evaluation, &e); err != nil {
		panic("internal/base/eval.json: " + err.Error())
	}
	return e.Conditions.Model
})
