package native

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// The files of a model folder. The first is what transformers and vLLM read; the
// others are the engine's own.
const (
	modelFile     = safetensors.SingleFile
	valueFile     = "value_head.safetensors" // only where there is a trained value head
	optimizerFile = "optimizer.safetensors"  // moments, and the step count in the metadata
)

// Save implements engine.Checkpointer: a Hugging Face folder (every file that the model
// came with, weights in float32), or a PEFT folder where adapters are trained, with the
// optimizer's state beside it. Each file is written aside, synced and renamed.
func (e *Engine) Save(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := errors.Join(e.SaveModel(dir), e.adam.write(dir)); err != nil {
		return fmt.Errorf("save checkpoint %s: %w", dir, err)
	}
	return nil
}

// SaveModel is Save without the optimizer's state: what a finished model needs.
func (e *Engine) SaveModel(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	m := e.model
	err := m.trainable()
	switch {
	case err != nil:
	case m.lora != nil:
		err = m.writeAdapter(dir)
	default:
		err = m.writeWhole(dir)
	}
	if err != nil {
		return err
	}
	if p := m.trained(); anyNonZero32(p.value) || anyNonZero32(p.valueBias) {
		return p.write(filepath.Join(dir, valueFile), safetensors.F32, isValue)
	}
	// A value head of an earlier save would otherwise be read with this model.
	if err := os.Remove(filepath.Join(dir, valueFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeWhole writes a folder in one file of weights, of the type that they are kept in.
func (m *model) writeWhole(dir string) error {
	files, err := m.filesFor(dtypeNames[m.dtype()])
	if err != nil {
		return err
	}
	files[safetensors.IndexFile] = m.index()
	return errors.Join(writeFiles(dir, files), m.write(filepath.Join(dir, modelFile), m.dtype(), isPolicy))
}

// index says that all weights lie in one file. Without it vLLM takes every *.safetensors of a
// folder for weights, those of the optimizer too, and fails.
func (m *model) index() []byte {
	files := map[string]string{}
	for _, t := range m.tensors {
		if isPolicy(t.name) {
			files[t.name] = modelFile
		}
	}
	bytes := map[safetensors.DType]int64{safetensors.F32: 4, safetensors.BF16: 2}[m.dtype()] * m.config.Parameters()
	return indented(map[string]any{"metadata": map[string]any{"total_size": bytes}, "weight_map": files})
}

// dtype is the type that loses nothing of what is trained.
func (m *model) dtype() safetensors.DType {
	if m.stored == BF16 {
		return safetensors.BF16
	}
	return safetensors.F32
}

// filesFor are the files beside the weights, with a config.json that gives their type.
func (m *model) filesFor(dtype string) (map[string][]byte, error) {
	files := make(map[string][]byte, len(m.files))
	maps.Copy(files, m.files)
	config, err := withDType(files["config.json"], dtype)
	files["config.json"] = config
	return files, err
}

// Hash identifies the policy: the SHA-256 of its configuration and weights, in hex, and
// of the precision it is computed in where that is not F32.
func (e *Engine) Hash() string {
	h := sha256.New()
	fmt.Fprint(h, e.model.config.fingerprint())
	if e.options.Precision != F32 {
		fmt.Fprintf(h, "%s", e.options.Precision)
	}
	for _, p := range []*params{e.model.params, e.model.adapters} {
		if p == nil {
			continue
		}
		for _, t := range p.tensors {
			if isPolicy(t.name) {
				fmt.Fprintf(h, "%s %v\n", t.name, t.shape)
				h.Write(safetensors.Float32Tensor(t.name, t.shape, e.model.values(t)).Data)
			}
		}
	}
	if l := e.model.lora; l != nil {
		fmt.Fprintf(h, "lora %v", l.scale())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// values are a tensor's numbers, read again from the folder where they are frozen.
func (m *model) values(t tensor) []float32 {
	if t.data != nil || m.source == nil {
		return t.data
	}
	stored, _ := m.source.Tensor(t.name)
	numbers, err := stored.Float32s()
	if err != nil {
		panic(err) // it was read before
	}
	return numbers
}

func isValue(name string) bool  { return name == valueName || name == valueBiasName }
func isPolicy(name string) bool { return !isValue(name) }
func anyNonZero32(x []float32) bool {
	return slices.ContainsFunc(x, func(v float32) bool { return v != 0 })
}

func (p *params) write(path string, dtype safetensors.DType, want func(name string) bool) error {
	var out []safetensors.Tensor
	byName := map[string][]float32{}
	for _, t := range p.tensors {
		if want(t.name) {
			out = append(out, safetensors.Tensor{Name: t.name, DType: dtype, Shape: t.shape})
			byName[t.name] = t.data
		}
	}
	var raw []byte
	return safetensors.WriteEach(path, out, map[string]string{"format": "pt"}, func(t safetensors.Tensor) ([]byte, error) {
		var err error
		raw, err = safetensors.Encode(raw[:0], dtype, byName[t.Name])
		return raw, err
	})
}

// write stores the moments, if there are any yet, under the names m.TENSOR and v.TENSOR.
func (a *adam) write(dir string) error {
	var out []safetensors.Tensor
	if a.m != nil {
		for i, t := range a.m.tensors {
			out = append(out,
				safetensors.Float32Tensor("m."+t.name, t.shape, t.data),
				safetensors.Float32Tensor("v."+t.name, t.shape, a.v.tensors[i].data))
		}
	}
	return safetensors.Write(filepath.Join(dir, optimizerFile), out, map[string]string{"step": strconv.Itoa(a.step)})
}

// Load implements engine.Checkpointer. On an error the engine is as it was.
func (e *Engine) Load(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, optimizer, err := e.read(dir)
	if err != nil {
		return err
	}
	e.adopt(m, optimizer)
	return nil
}

// read is what Load reads: an adapter for the frozen model that is open, or a whole folder.
func (e *Engine) read(dir string) (*model, *adam, error) {
	if e.model.lora == nil || !isAdapter(dir) {
		return read(dir, e.options)
	}
	m, err := e.model.another(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	a, err := readAdam(dir, m)
	return m, a, err
}

// read opens a model folder, or an adapter's with the model it belongs to; without an
// optimizer's state the optimizer is fresh.
func read(dir string, o Options) (*model, *adam, error) {
	m, err := readModel(dir, o)
	if err != nil {
		return nil, nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	a, err := readAdam(dir, m)
	return m, a, err
}

func readAdam(dir string, m *model) (*adam, error) {
	a := new(adam)
	if err := a.read(filepath.Join(dir, optimizerFile), m); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open checkpoint %s: %w", dir, err)
	}
	return a, nil
}

func readModel(dir string, o Options) (*model, error) {
	if isAdapter(dir) {
		return readAdapted(dir, o)
	}
	m, err := readBase(dir, o)
	if err != nil {
		return nil, err
	}
	if o.LoRA != nil {
		if err := o.LoRA.validate(m.config); err != nil {
			return nil, err
		}
		m.adapt(o.LoRA, newAdapters(m.config, o.LoRA))
	}
	return m, m.readValue(dir)
}

// readBase reads a folder with all weights, packed alone where they are frozen.
func readBase(dir string, o Options) (*model, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	source, err := safetensors.OpenFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("%w; a model folder holds config.json, %s and tokenizer.json", err, modelFile)
	}
	m, err := readWeights(config, source, o)
	if err == nil {
		m.dir = dir
		m.baseName, _ = filepath.Abs(dir)
		m.baseName = cmp.Or(o.Name, m.baseName)
		m.files, err = filesOf(dir)
	}
	if err != nil || !o.frozen() {
		err = errors.Join(err, source.Close())
	}
	return m, err
}

func readWeights(c Config, source *safetensors.Folder, o Options) (*model, error) {
	if err := matches(c, source); err != nil {
		return nil, err
	}
	if err := afford(c.toSample(o), "choose a smaller model, or dtype bf16"); err != nil {
		return nil, err
	}
	m := &model{params: newParams(c, o.base()), precision: o.Precision}
	m.forward.layers = make([][projections]projection, c.Layers)
	if o.frozen() {
		m.source = source
	}
	return m, m.fill(source, o.Threads)
}

// matches compares the configuration with the tensors there are, before anything of the
// configuration's size is allocated. A tensor that has no place would be dropped silently,
// and the model would be another one.
func matches(c Config, source *safetensors.Folder) error {
	names := source.Names()
	if c.Layers > len(names) {
		return fmt.Errorf("config.json describes %d layers, the weights have %d tensors: a part is missing, or they belong to another model", c.Layers, len(names))
	}
	known := map[string]bool{headName: true} // a tied head may be stored as well
	for _, t := range newParams(c, contents{model: true}).tensors {
		known[t.name] = true
		stored, ok := source.Tensor(t.name)
		switch {
		case !ok:
			return fmt.Errorf("tensor %s is missing: the weights are incomplete or belong to another model", t.name)
		case !slices.Equal(stored.Shape, t.shape):
			return fmt.Errorf("tensor %s in %s has shape %v, config.json says %v", t.name, source.File(t.name), stored.Shape, t.shape)
		}
	}
	for _, name := range names {
		if !known[name] && !strings.HasSuffix(name, ".rotary_emb.inv_freq") { // which older files hold: they follow from the configuration
			return fmt.Errorf("tensor %s has no place in the model that config.json describes", name)
		}
	}
	return nil
}

// readValue reads the value head, if there is one.
func (m *model) readValue(dir string) error {
	err := readInto(m.trained(), filepath.Join(dir, valueFile), "", isValue)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readInto fills the wanted tensors from a file.
func readInto(p *params, path, prefix string, want func(name string) bool) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	if err := p.copyFrom(file, prefix, want); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// copyFrom copies the wanted tensors, stored under prefix+name, in their shapes.
func (p *params) copyFrom(file *safetensors.File, prefix string, want func(name string) bool) error {
	for _, t := range p.tensors {
		if !want(t.name) {
			continue
		}
		stored, ok := file.Tensor(prefix + t.name)
		if !ok {
			return fmt.Errorf("tensor %s is missing", prefix+t.name)
		}
		if !slices.Equal(stored.Shape, t.shape) {
			return fmt.Errorf("tensor %s has shape %v, the model has %v", prefix+t.name, stored.Shape, t.shape)
		}
		values, err := stored.Float32s()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", prefix+t.name, err)
		}
		copy(t.data, values)
	}
	return nil
}

func (a *adam) read(path string, m *model) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	if len(file.Names()) > 0 {
		a.m, a.v = newParams(m.config, m.trains()), newParams(m.config, m.trains())
		every := func(string) bool { return true }
		if err := errors.Join(a.m.copyFrom(file, "m.", every), a.v.copyFrom(file, "v.", every)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	a.step, err = strconv.Atoi(file.Metadata["step"])
	if err != nil || a.step < 0 {
		return fmt.Errorf("%s: the step count in its metadata is %q", filepath.Base(path), file.Metadata["step"])
	}
	return nil
}

// largestFile is more than any tokenizer or template takes.
const largestFile = 64 << 20

// filesOf reads what a folder holds beside weights and an engine's own state: what a saved
// model carries on.
func filesOf(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name())) // through the links of the Hub's cache
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() || info.Size() > largestFile || !carried(entry.Name()) {
			continue
		}
		if files[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// carried leaves weights out, in any format, and what a run writes of its own.
func carried(name string) bool {
	switch filepath.Ext(name) {
	case ".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".msgpack", ".h5", ".ot":
		return false
	}
	return name != safetensors.IndexFile && name != "pytorch_model.bin.index.json" && name != "trainer_state.json" && name != adapterConfigFile
}

// nonFinite names the first tensor that holds a number that is not finite.
func (m *model) nonFinite() (name string, found bool) {
	for _, p := range []*params{m.params, m.adapters} {
		if p != nil {
			if name, found = p.nonFinite(); found {
				return name, found
			}
		}
	}
	return "", false
}
