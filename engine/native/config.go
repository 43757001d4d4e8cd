package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Config is the shape of a Qwen3 decoder, in the keys of its config.json.
type Config struct {
	VocabSize        int     `json:"vocab_size"`
	HiddenSize       int     `json:"hidden_size"`       // C: width of the residual stream
	IntermediateSize int     `json:"intermediate_size"` // width of the gated MLP
	Layers           int     `json:"num_hidden_layers"`
	Heads            int     `json:"num_attention_heads"` // H: query heads
	KVHeads          int     `json:"num_key_value_heads"` // key-value heads, each shared by Heads/KVHeads query heads
	HeadDim          int     `json:"head_dim"`            // D: width of a head, even; Heads·HeadDim need not be HiddenSize
	MaxPositions     int     `json:"max_position_embeddings"`
	NormEpsilon      float64 `json:"rms_norm_eps"`
	RopeTheta        float64 `json:"rope_theta"`
	TiedHead         bool    `json:"tie_word_embeddings"` // the vocabulary projection is the embedding
	InitializerRange float64 `json:"initializer_range"`   // deviation of fresh weights
	BOS              *int32  `json:"bos_token_id"`
	EOS              *int32  `json:"eos_token_id"`
}

// published is what a folder's config.json may say beyond Config, in the keys of
// transformers 4 and 5.
type published struct {
	Config
	ModelType     string          `json:"model_type"`
	HiddenAct     string          `json:"hidden_act"`
	AttentionBias bool            `json:"attention_bias"`
	UseSliding    bool            `json:"use_sliding_window"`
	RopeScaling   json.RawMessage `json:"rope_scaling"`
	Rope          *struct {
		Theta float64 `json:"rope_theta"`
		Type  string  `json:"rope_type"`
	} `json:"rope_parameters"`
}

func readConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("open model %s: %w; a model folder holds config.json, model.safetensors and tokenizer.json", dir, err)
	}
	p := published{HiddenAct: "silu", Config: Config{NormEpsilon: 1e-6, InitializerRange: 0.02, RopeTheta: 10000}}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	if p.Rope != nil && p.Rope.Theta != 0 {
		p.RopeTheta = p.Rope.Theta
	}
	if p.HeadDim == 0 && p.Heads > 0 {
		p.HeadDim = p.HiddenSize / p.Heads
	}
	if p.KVHeads == 0 {
		p.KVHeads = p.Heads
	}
	if err := errors.Join(p.supported(), p.Config.validate()); err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	return p.Config, nil
}

func (p published) supported() error {
	switch {
	case p.ModelType != "qwen3":
		return fmt.Errorf("model_type %q is not supported: this engine runs qwen3", p.ModelType)
	case p.HiddenAct != "silu":
		return fmt.Errorf("hidden_act %q is not supported: qwen3 models use silu", p.HiddenAct)
	case p.AttentionBias:
		return errors.New("attention_bias true is not supported")
	case p.UseSliding:
		return errors.New("use_sliding_window true is not supported: only full attention is")
	case len(p.RopeScaling) > 0 && string(p.RopeScaling) != "null":
		return fmt.Errorf("rope_scaling %s is not supported: only unscaled rotary positions are", p.RopeScaling)
	case p.Rope != nil && p.Rope.Type != "" && p.Rope.Type != "default":
		return fmt.Errorf("rope_type %q is not supported: only \"default\" is", p.Rope.Type)
	}
	return nil
}

func (c Config) validate() error {
	for _, d := range []struct {
		key   string
		value int
	}{
		{"vocab_size", c.VocabSize},
		{"hidden_size", c.HiddenSize},
		{"intermediate_size", c.IntermediateSize},
		{"num_hidden_layers", c.Layers},
		{"num_attention_heads", c.Heads},
		{"num_key_value_heads", c.KVHeads},
		{"head_dim", c.HeadDim},
		{"max_position_embeddings", c.MaxPositions},
	} {
		if d.value < 1 || d.value > 1<<24 {
			return fmt.Errorf("%s is %d; it must be between 1 and 2^24", d.key, d.value)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("num_attention_heads %d is not a multiple of num_key_value_heads %d", c.Heads, c.KVHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("head_dim is %d; rotary positions need an even number", c.HeadDim)
	case !(c.NormEpsilon > 0):
		return fmt.Errorf("rms_norm_eps is %v; it must be positive", c.NormEpsilon)
	case !(c.RopeTheta > 0):
		return fmt.Errorf("rope_theta is %v; it must be positive", c.RopeTheta)
	}
	return nil
}

// write stores config.json and generation_config.json in the keys that transformers
// and vLLM read.
func (c Config) write(dir string) error {
	model := map[string]any{
		"architectures": []string{"Qwen3ForCausalLM"}, "model_type": "qwen3", "hidden_act": "silu",
		"dtype": "float32", "torch_dtype": "float32", "attention_bias": false, "attention_dropout": 0.0,
		"use_sliding_window": false, "use_cache": true,
		"rope_parameters": map[string]any{"rope_type": "default", "rope_theta": c.RopeTheta},
		"vocab_size":      c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.Layers, "num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads,
		"head_dim": c.HeadDim, "max_position_embeddings": c.MaxPositions, "rms_norm_eps": c.NormEpsilon,
		"rope_theta": c.RopeTheta, "tie_word_embeddings": c.TiedHead, "initializer_range": c.InitializerRange,
		"bos_token_id": c.BOS, "eos_token_id": c.EOS,
	}
	generation := map[string]any{"bos_token_id": c.BOS, "eos_token_id": c.EOS, "do_sample": true, "temperature": 1.0, "top_p": 1.0}
	return errors.Join(writeJSON(dir, "config.json", model), writeJSON(dir, "generation_config.json", generation))
}

func writeJSON(dir, name string, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, name), append(raw, '\n'), 0o644)
}

// withoutTokens drops what does not change a computation.
func (c Config) withoutTokens() Config {
	c.BOS, c.EOS = nil, nil
	return c
}

func (c Config) queryWidth() int { return c.Heads * c.HeadDim }
func (c Config) keyWidth() int   { return c.KVHeads * c.HeadDim }
func (c Config) groupSize() int  { return c.Heads / c.KVHeads }
