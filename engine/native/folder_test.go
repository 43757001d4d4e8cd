package native

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// copyFolder makes a model folder that a test may damage.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"config.json", modelFile} {
		raw, err := os.ReadFile(filepath.Join("testdata", from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func replaceInConfig(old, new string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, "config.json")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(raw), old, new, 1)
		if changed == string(raw) {
			t.Fatalf("config.json has no %q", old)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedFoldersAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   []string
	}{
		"no config":            {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, "config.json")) }, []string{"config.json", "tokenizer.json"}},
		"no weights":           {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, modelFile)) }, []string{modelFile}},
		"truncated weights":    {func(_ *testing.T, dir string) { os.Truncate(filepath.Join(dir, modelFile), 200_000) }, []string{modelFile}},
		"truncated header":     {func(_ *testing.T, dir string) { os.Truncate(filepath.Join(dir, modelFile), 100) }, []string{modelFile}},
		"config is no JSON":    {replaceInConfig("{", "["), []string{"config.json"}},
		"other architecture":   {replaceInConfig(`"model_type": "qwen3"`, `"model_type": "gpt2"`), []string{"gpt2", "qwen3"}},
		"sliding window":       {replaceInConfig(`"use_sliding_window": false`, `"use_sliding_window": true`), []string{"sliding"}},
		"scaled rope":          {replaceInConfig(`"rope_type": "default"`, `"rope_type": "yarn"`), []string{"yarn"}},
		"wrong width":          {replaceInConfig(`"intermediate_size": 112`, `"intermediate_size": 111`), []string{"mlp.gate_proj.weight", "[112 48]", "[111 48]"}},
		"missing layer":        {replaceInConfig(`"num_hidden_layers": 2`, `"num_hidden_layers": 1`), []string{"model.layers.1", "no place"}},
		"one layer too many":   {replaceInConfig(`"num_hidden_layers": 2`, `"num_hidden_layers": 3`), []string{"model.layers.2", "missing"}},
		"an impossible size":   {replaceInConfig(`"hidden_size": 48`, `"hidden_size": -48`), []string{"hidden_size", "-48"}},
		"a huge size":          {replaceInConfig(`"vocab_size": 256`, `"vocab_size": 16000000`), []string{modelFile, "[256 48]", "[16000000 48]"}},
		"heads do not divide":  {replaceInConfig(`"num_key_value_heads": 2`, `"num_key_value_heads": 3`), []string{"num_attention_heads"}},
		"weights from nowhere": {func(t *testing.T, dir string) { writeNaN(t, dir) }, []string{"model.norm.weight", "not finite"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyFolder(t, "qwen3-headdim")
			c.damage(t, dir)
			e, err := New(small(true), 1, Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			before := e.Hash()
			err = e.Load(t.Context(), dir)
			if err == nil {
				t.Fatal("it was read without an error")
			}
			for _, w := range append(c.want, dir) {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %q: %v", w, err)
				}
			}
			if e.Hash() != before {
				t.Error("the failed load changed the engine")
			}
		})
	}
}

func writeNaN(t *testing.T, dir string) {
	t.Helper()
	e, err := Open(dir, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var zero float32
	e.model.norm[3] = zero / zero
	if err := e.SaveModel(dir); err != nil {
		t.Fatal(err)
	}
}

func TestFolderSurvivesARoundTrip(t *testing.T) {
	for _, folder := range folders {
		e, err := Open(filepath.Join("testdata", folder), Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		e.model.value[1], e.adam.step = 0.5, 7
		dir := t.TempDir()
		if err := e.Save(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		again, err := Open(dir, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if again.Hash() != e.Hash() || again.model.value[1] != 0.5 || again.adam.step != 7 {
			t.Errorf("%s came back changed", folder)
		}
	}
}

// Programs that take every *.safetensors of a folder for weights, as vLLM does where there is
// no index, are told which one holds them, beside the optimizer's.
func TestTheIndexNamesTheWeightsAlone(t *testing.T) {
	for _, weights := range []Precision{F32, BF16} {
		e, g := openGoldenWith(t, "llama-sharded", Options{Threads: 1, Weights: weights})
		batch, targets := g.batch()
		if _, err := e.ForwardBackward(t.Context(), batch, nextToken(targets), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := e.Save(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, safetensors.IndexFile))
		if err != nil {
			t.Fatal(err)
		}
		var index struct {
			Metadata struct {
				Size int64 `json:"total_size"`
			} `json:"metadata"`
			Files map[string]string `json:"weight_map"`
		}
		if err := json.Unmarshal(raw, &index); err != nil {
			t.Fatal(err)
		}
		file, err := safetensors.Read(filepath.Join(dir, modelFile))
		if err != nil {
			t.Fatal(err)
		}
		var size int64
		for _, name := range file.Names() {
			stored, _ := file.Tensor(name)
			size += int64(len(stored.Data))
			if index.Files[name] != modelFile {
				t.Errorf("the index has %s in %q", name, index.Files[name])
			}
		}
		if len(index.Files) != len(file.Names()) || index.Metadata.Size != size {
			t.Errorf("%d tensors of %d bytes in the index, %d of %d in the file", len(index.Files), index.Metadata.Size, len(file.Names()), size)
		}
	}
}

// Whatever came in beside the weights goes out again, of a model and of an adapter.
func TestEveryFileIsCarried(t *testing.T) {
	dir := copyFolder(t, "qwen2-tied")
	others := []string{"LICENSE", "merges.txt", "vocab.json", "tokenizer_config.json", "chat_template.jinja"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for how, o := range map[string]Options{"whole": {}, "adapter": {LoRA: &LoRA{Rank: 2, Alpha: 4}}} {
		e, err := Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		saved, exported := t.TempDir(), t.TempDir()
		if err := errors.Join(e.Save(t.Context(), saved), e.Export(exported, safetensors.BF16)); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{saved, exported} {
			for _, name := range others {
				if raw, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(raw) != "of "+name {
					t.Errorf("%s: %s came out as %q (%v)", how, name, raw, err)
				}
			}
		}
	}
}

func TestHashSeesEveryWeight(t *testing.T) {
	e, err := New(small(false), 1, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	before := e.Hash()
	e.model.layers[1].linears[downProj].weight[5]++
	if e.Hash() == before {
		t.Error("a changed weight has the same hash")
	}
}

// What cannot be computed is refused before anything is.
func TestPositionsAreBounded(t *testing.T) {
	e, err := New(small(true), 1, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Sample(t.Context(), []engine.Request{{Prompt: []int32{1}, N: 1}}, engine.SampleParams{MaxTokens: 97, Temperature: 1, TopP: 1})
	if err == nil || !strings.Contains(err.Error(), "max_position_embeddings") {
		t.Errorf("97 tokens after a prompt in 96 positions: %v", err)
	}
}
