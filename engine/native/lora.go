package native

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// LoRA adds low-rank adapters to a frozen model, which alone are trained: a projection
// becomes x·Wᵀ + b + s·(x·Aᵀ)·Bᵀ with A [r, in] and B [out, r] (Hu et al., 2106.09685).
// Names and values are PEFT's.
type LoRA struct {
	Rank    int      // r ≥ 1
	Alpha   float64  // s = Alpha/r, or Alpha/√r with RSLoRA
	RSLoRA  bool     // Kalajdzievski, 2312.03732
	Seed    uint64   // of fresh adapters
	Targets []string // modules, by their last names (q_proj) or in full (model.layers.0.self_attn.q_proj); nil: all seven projections
}

// AllLinear are the modules that can be adapted.
var AllLinear = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

func (l *LoRA) scale() float32 {
	if l.RSLoRA {
		return float32(l.Alpha / math.Sqrt(float64(l.Rank)))
	}
	return float32(l.Alpha / float64(l.Rank))
}

// adapts tells whether a module, model.layers.I.…, has an adapter.
func (l *LoRA) adapts(module string) bool {
	if l == nil {
		return false
	}
	return l.Targets == nil || slices.ContainsFunc(l.Targets, func(t string) bool {
		return module == t || strings.HasSuffix(module, "."+t)
	})
}

func (l *LoRA) validate(c Config) error {
	switch {
	case l.Rank < 1 || l.Rank > 1<<16:
		return fmt.Errorf("the rank of the adapters is %d; it must be at least 1", l.Rank)
	case !(l.Alpha > 0) || math.IsInf(l.Alpha, 0):
		return fmt.Errorf("the alpha of the adapters is %v; it must be positive", l.Alpha)
	case l.Targets != nil && len(l.Targets) == 0:
		return errors.New("the adapters have no target modules")
	}
	p := &params{config: c, layers: make([]layer, c.Layers)}
	p.name()
	for _, t := range l.Targets {
		if !p.has(t) {
			return fmt.Errorf("the model has no projection %q to adapt: name some of %s", t, strings.Join(AllLinear, ", "))
		}
	}
	return nil
}

// has tells whether a target names some projection.
func (p *params) has(target string) bool {
	one := LoRA{Targets: []string{target}}
	for i := range p.layers {
		for j := range p.layers[i].linears {
			if one.adapts(p.layers[i].linears[j].module) {
				return true
			}
		}
	}
	return false
}

// newAdapters are fresh: A uniform with PyTorch's bound for a linear layer, √(1/in), as
// PEFT draws it, B zero, so that the model is the one that was frozen.
func newAdapters(c Config, l *LoRA) *params {
	p := newParams(c, l.contents())
	source := draw.New(l.Seed, "lora")
	for _, t := range p.tensors {
		if path.Ext(strings.TrimSuffix(t.name, ".weight")) != ".lora_A" {
			continue
		}
		s, bound := source.Named(t.name), math.Sqrt(1/float64(t.cols))
		for i := range t.data {
			t.data[i] = float32(bound * (2*s.Float64(uint64(i)) - 1))
		}
	}
	return p
}

// contents are what is trained of an adapted model.
func (l *LoRA) contents() contents { return contents{adapter: l, value: true} }

// adapt makes adapters the part of a frozen model that is trained.
func (m *model) adapt(l *LoRA, adapters *params) {
	m.lora, m.adapters = l, adapters
	m.value, m.valueBias = adapters.value, adapters.valueBias
}

// The files of an adapter's folder, as PEFT names them.
const (
	adapterConfigFile = "adapter_config.json"
	adapterFile       = "adapter_model.safetensors"
	adapterPrefix     = "base_model.model."
)

func isAdapter(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, adapterConfigFile))
	return err == nil
}

// adapterConfig is what is read of PEFT's adapter_config.json.
type adapterConfig struct {
	Type         string          `json:"peft_type"`
	Base         string          `json:"base_model_name_or_path"`
	Rank         int             `json:"r"`
	Alpha        float64         `json:"lora_alpha"`
	RSLoRA       bool            `json:"use_rslora"`
	Targets      json.RawMessage `json:"target_modules"`
	Bias         string          `json:"bias"`
	DoRA         bool            `json:"use_dora"`
	FanInFanOut  bool            `json:"fan_in_fan_out"`
	LoRABias     bool            `json:"lora_bias"`
	Saved        []string        `json:"modules_to_save"`
	RankPattern  map[string]any  `json:"rank_pattern"`
	AlphaPattern map[string]any  `json:"alpha_pattern"`
	Layers       any             `json:"layers_to_transform"`
}

func readAdapterConfig(dir string) (adapterConfig, *LoRA, error) {
	path := filepath.Join(dir, adapterConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return adapterConfig{}, nil, err
	}
	c := adapterConfig{Bias: "none"}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, nil, fmt.Errorf("read %s: %w", path, err)
	}
	targets, err := c.targets()
	if err := errors.Join(err, c.supported()); err != nil {
		return c, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return c, &LoRA{Rank: c.Rank, Alpha: c.Alpha, RSLoRA: c.RSLoRA, Targets: targets}, nil
}

func (c *adapterConfig) targets() ([]string, error) {
	var names []string
	if json.Unmarshal(c.Targets, &names) == nil && names != nil {
		return names, nil
	}
	if string(c.Targets) == `"all-linear"` {
		return nil, nil
	}
	return nil, fmt.Errorf("target_modules %s is not supported: it must be a list of modules, or all-linear", c.Targets)
}

func (c *adapterConfig) supported() error {
	switch {
	case c.Type != "LORA":
		return fmt.Errorf("peft_type %q is not supported: only LORA is", c.Type)
	case c.DoRA:
		return errors.New("use_dora true is not supported")
	case c.Bias != "none" || c.LoRABias:
		return errors.New("adapters with biases are not supported")
	case c.FanInFanOut:
		return errors.New("fan_in_fan_out true is not supported")
	case len(c.Saved) > 0:
		return fmt.Errorf("modules_to_save %v are not supported", c.Saved)
	case len(c.RankPattern)+len(c.AlphaPattern) > 0:
		return errors.New("rank_pattern and alpha_pattern are not supported")
	case c.Layers != nil:
		return errors.New("layers_to_transform is not supported")
	}
	return nil
}

// readAdapted reads an adapter's folder and the model that it belongs to.
func readAdapted(dir string, o Options) (*model, error) {
	config, lora, err := readAdapterConfig(dir)
	if err != nil {
		return nil, err
	}
	base, err := baseOf(dir, cmp.Or(o.Base, config.Base))
	if err != nil {
		return nil, err
	}
	if l := o.LoRA; l != nil && (l.Rank != lora.Rank || l.Alpha != lora.Alpha || l.RSLoRA != lora.RSLoRA) {
		return nil, fmt.Errorf("its adapters have rank %d and alpha %v: fresh ones (rank %d, alpha %v) need the folder of a whole model",
			lora.Rank, lora.Alpha, l.Rank, l.Alpha)
	}
	o.LoRA = lora
	m, err := readBase(base, o)
	if err != nil {
		return nil, fmt.Errorf("its base %s: %w", base, err)
	}
	m.baseName = cmp.Or(o.Name, config.Base)
	own, err := filesOf(dir) // an adapter's tokenizer comes before its base's
	maps.Copy(m.files, own)
	return m, errors.Join(err, m.readAdapter(dir, lora))
}

// readAdapter reads an adapter and its value head onto a frozen model.
func (m *model) readAdapter(dir string, lora *LoRA) error {
	if err := lora.validate(m.config); err != nil {
		return err
	}
	m.adapt(lora, newParams(m.config, lora.contents()))
	path := filepath.Join(dir, adapterFile)
	if err := readInto(m.adapters, path, adapterPrefix, isPolicy); err != nil {
		return err
	}
	if err := m.noOthers(path); err != nil {
		return err
	}
	if name, bad := m.adapters.nonFinite(); bad {
		return fmt.Errorf("tensor %s holds a number that is not finite", name)
	}
	return m.readValue(dir)
}

// another is the same frozen model with the adapter of a folder: the weights are shared.
func (m *model) another(dir string) (*model, error) {
	_, lora, err := readAdapterConfig(dir)
	if err != nil {
		return nil, err
	}
	frozen := *m.params
	a := &model{
		params: &frozen, precision: m.precision, dir: m.dir, baseName: m.baseName, files: m.files, source: m.source, table: m.table,
	}
	a.forward.head, a.forward.layers = m.forward.head, slices.Clone(m.forward.layers)
	for i := range a.forward.layers {
		for j := range a.forward.layers[i] {
			a.forward.layers[i][j].adapter = nil
		}
	}
	return a, a.readAdapter(dir, lora)
}

// AdapterBase is the model that an adapter's folder names as its base; ok tells whether the
// folder is an adapter's.
func AdapterBase(dir string) (name string, ok bool) {
	if !isAdapter(dir) {
		return "", false
	}
	config, _, err := readAdapterConfig(dir)
	return config.Base, err == nil
}

// noOthers refuses an adapter file with tensors that would be dropped.
func (m *model) noOthers(path string) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	for _, name := range file.Names() {
		if !slices.ContainsFunc(m.adapters.tensors, func(t tensor) bool { return adapterPrefix+t.name == name }) {
			return fmt.Errorf("%s: tensor %s has no place: target_modules do not name its module", adapterFile, name)
		}
	}
	return nil
}

// baseOf finds the folder that an adapter names: as it is, or beside the adapter.
func baseOf(dir, name string) (string, error) {
	for _, at := range []string{name, filepath.Join(dir, name), filepath.Join(dir, "..", name)} {
		if _, err := os.Stat(filepath.Join(at, "config.json")); name != "" && err == nil {
			return at, nil
		}
	}
	return "", fmt.Errorf("the base model %q that %s names (base_model_name_or_path) is no folder here: name its folder with --base, or there", name, adapterConfigFile)
}

// writeAdapter writes a folder that PEFT and vLLM read: the adapter, and the files of its
// base that are no weights.
func (m *model) writeAdapter(dir string) error {
	files := map[string][]byte{adapterConfigFile: indented(m.adapterConfig())}
	for name, raw := range m.files {
		if name != "config.json" && name != "generation_config.json" {
			files[name] = raw
		}
	}
	named := &params{}
	for _, t := range m.adapters.tensors {
		t.name = adapterPrefix + t.name
		named.tensors = append(named.tensors, t)
	}
	isAdapter := func(name string) bool { return strings.HasPrefix(name, adapterPrefix+"model.") }
	return errors.Join(writeFiles(dir, files), named.write(filepath.Join(dir, adapterFile), m.dtype(), isAdapter))
}

func (m *model) adapterConfig() map[string]any {
	targets := m.lora.Targets
	if targets == nil {
		targets = AllLinear
	}
	return map[string]any{
		"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": m.baseName,
		"r": m.lora.Rank, "lora_alpha": m.lora.Alpha, "use_rslora": m.lora.RSLoRA, "lora_dropout": 0.0,
		"target_modules": targets, "bias": "none", "fan_in_fan_out": false, "inference_mode": true,
		"init_lora_weights": true, "use_dora": false, "modules_to_save": nil,
		"rank_pattern": map[string]any{}, "alpha_pattern": map[string]any{},
	}
}
