package native

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa"
)

// The architectures, as config.json's model_type names them.
const (
	Qwen2 = "qwen2" // Qwen2, Qwen2.5: biases on queries, keys and values
	Qwen3 = "qwen3" // norms on the queries and keys of each head
	Llama = "llama" // Llama 3: neither
)

// Config is the shape of a decoder, in the keys of its config.json.
type Config struct {
	ModelType        string  `json:"model_type"` // Qwen2, Qwen3 or Llama; "": Qwen3
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
	RopeScaling      Scaling `json:"-"`
	TiedHead         bool    `json:"tie_word_embeddings"` // the vocabulary projection is the embedding
	AttentionBias    bool    `json:"attention_bias"`      // Qwen3, Llama: biases on all four projections of attention
	MLPBias          bool    `json:"mlp_bias"`            // Llama: biases on the three projections of the MLP
	InitializerRange float64 `json:"initializer_range"`   // deviation of fresh weights
	BOS              Tokens  `json:"bos_token_id"`
	EOS              Tokens  `json:"eos_token_id"` // the tokens that end a text
}

// Tokens is one token, several or none, as configuration files have them.
type Tokens []negativa.Token

// UnmarshalJSON reads a number, a list or null.
func (t *Tokens) UnmarshalJSON(raw []byte) error {
	*t = nil
	var one negativa.Token
	if string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, &one) == nil {
		*t = Tokens{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]negativa.Token)(t))
}

// MarshalJSON writes null, a number or a list.
func (t Tokens) MarshalJSON() ([]byte, error) {
	switch len(t) {
	case 0:
		return []byte("null"), nil
	case 1:
		return json.Marshal(t[0])
	}
	return json.Marshal([]negativa.Token(t))
}

// published is what a folder's config.json may say beyond Config, in the keys of
// transformers 4 and 5.
type published struct {
	Config
	HiddenAct   string   `json:"hidden_act"`
	UseSliding  bool     `json:"use_sliding_window"`
	LayerTypes  []string `json:"layer_types"`
	Quantised   any      `json:"quantization_config"`
	RopeScaling *scaling `json:"rope_scaling"`
	Rope        *scaling `json:"rope_parameters"`
}

// readConfig reads config.json, and from generation_config.json the tokens that end a
// text.
func readConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("open model %s: %w; a model folder holds config.json, model.safetensors and tokenizer.json", dir, err)
	}
	c, err := parseConfig(raw)
	if err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	path = filepath.Join(dir, "generation_config.json")
	raw, err = os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	var generation struct {
		EOS Tokens `json:"eos_token_id"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &generation)
	}
	if err != nil {
		return Config{}, fmt.Errorf("read %s: %w", path, err)
	}
	for _, t := range generation.EOS {
		if !slices.Contains(c.EOS, t) {
			c.EOS = append(c.EOS, t)
		}
	}
	return c, nil
}

func parseConfig(raw []byte) (Config, error) {
	p := published{HiddenAct: "silu", Config: Config{NormEpsilon: 1e-6, InitializerRange: 0.02}}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Config{}, err
	}
	switch {
	case p.HeadDim != 0 || p.Heads < 1:
	case p.ModelType == Qwen3:
		p.HeadDim = 128 // as transformers has it where the key is not there
	default:
		p.HeadDim = p.HiddenSize / p.Heads
	}
	p.KVHeads = cmp.Or(p.KVHeads, p.Heads)
	if p.ModelType != Llama {
		p.MLPBias = false // no such key there
	}
	rope := cmp.Or(p.Rope, p.RopeScaling, &scaling{})
	p.RopeTheta = cmp.Or(rope.Theta, p.RopeTheta, 10000)
	err := p.supported()
	if err == nil {
		p.Config.RopeScaling, err = rope.resolve(p.MaxPositions)
	}
	if err := errors.Join(err, p.Config.validate()); err != nil {
		return Config{}, err
	}
	return p.Config, nil
}

func (p published) supported() error {
	sliding := slices.ContainsFunc(p.LayerTypes, func(t string) bool { return t != "full_attention" })
	switch {
	case !slices.Contains([]string{Qwen2, Qwen3, Llama}, p.ModelType):
		return fmt.Errorf("model_type %q is not supported: this engine runs qwen2 (Qwen2, Qwen2.5), qwen3 and llama (Llama 3)", p.ModelType)
	case p.HiddenAct != "silu":
		return fmt.Errorf("hidden_act %q is not supported: only silu is", p.HiddenAct)
	case p.UseSliding:
		return errors.New("use_sliding_window true is not supported: this engine computes full attention, which would make it another model")
	case sliding:
		return fmt.Errorf("layer_types %v are not supported: only full_attention is", p.LayerTypes)
	case p.Quantised != nil:
		return errors.New("quantization_config is not supported: take the unquantised folder of this model")
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

// Architecture is the model's class in transformers.
func (c Config) Architecture() string { return architectures[c.ModelType] }

var architectures = map[string]string{Qwen2: "Qwen2ForCausalLM", Qwen3: "Qwen3ForCausalLM", Llama: "LlamaForCausalLM"}

// files are config.json and generation_config.json of a model that came from no folder, in
// the keys that transformers and vLLM read.
func (c Config) files() map[string][]byte {
	model := map[string]any{
		"architectures": []string{architectures[c.ModelType]}, "model_type": c.ModelType, "hidden_act": "silu",
		"dtype": "float32", "torch_dtype": "float32", "attention_bias": c.AttentionBias, "attention_dropout": 0.0,
		"use_sliding_window": false, "use_cache": true,
		"rope_parameters": map[string]any{"rope_type": "default", "rope_theta": c.RopeTheta},
		"vocab_size":      c.VocabSize, "hidden_size": c.HiddenSize, "intermediate_size": c.IntermediateSize,
		"num_hidden_layers": c.Layers, "num_attention_heads": c.Heads, "num_key_value_heads": c.KVHeads,
		"head_dim": c.HeadDim, "max_position_embeddings": c.MaxPositions, "rms_norm_eps": c.NormEpsilon,
		"rope_theta": c.RopeTheta, "tie_word_embeddings": c.TiedHead, "initializer_range": c.InitializerRange,
		"bos_token_id": c.BOS, "eos_token_id": c.EOS,
	}
	if c.ModelType == Llama {
		model["mlp_bias"] = c.MLPBias
	}
	generation := map[string]any{"bos_token_id": c.BOS, "eos_token_id": c.EOS, "do_sample": true, "temperature": 1.0, "top_p": 1.0}
	return map[string][]byte{"config.json": indented(model), "generation_config.json": indented(generation)}
}

// withDType is a config.json that says how the weights beside it are stored.
func withDType(raw []byte, dtype string) ([]byte, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return nil, err
	}
	stored, changed := fmt.Appendf(nil, "%q", dtype), false
	for _, key := range []string{"dtype", "torch_dtype"} {
		if old, ok := keys[key]; ok && string(old) != string(stored) {
			keys[key], changed = stored, true
		}
	}
	if !changed {
		return raw, nil
	}
	return indented(keys), nil
}

func indented(value any) []byte {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err) // maps of plain values
	}
	return append(raw, '\n')
}

func writeFiles(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := renameio.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint is what changes a computation, in words: of a plain Qwen3 model those that
// hashes were made of before there were others.
func (c Config) fingerprint() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{VocabSize:%d HiddenSize:%d IntermediateSize:%d Layers:%d Heads:%d KVHeads:%d HeadDim:%d MaxPositions:%d NormEpsilon:%v RopeTheta:%v TiedHead:%t InitializerRange:%v BOS:<nil> EOS:<nil>}",
		c.VocabSize, c.HiddenSize, c.IntermediateSize, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.MaxPositions,
		c.NormEpsilon, c.RopeTheta, c.TiedHead, c.InitializerRange)
	if c.ModelType != Qwen3 || c.AttentionBias || c.RopeScaling != (Scaling{}) {
		fmt.Fprintf(&b, "%s %t %t %+v", c.ModelType, c.AttentionBias, c.MLPBias, c.RopeScaling)
	}
	return b.String()
}

func (c Config) queryWidth() int { return c.Heads * c.HeadDim }
func (c Config) keyWidth() int   { return c.KVHeads * c.HeadDim }
func (c Config) groupSize() int  { return c.Heads / c.KVHeads }

// headNorms tells whether each head's query and key are normed.
func (c Config) headNorms() bool { return c.ModelType == Qwen3 }
