package native

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// The files of a model folder. The first is what transformers and vLLM read; the
// others are the engine's own.
const (
	modelFile     = "model.safetensors"
	valueFile     = "value_head.safetensors" // only where there is a trained value head
	optimizerFile = "optimizer.safetensors"  // moments, and the step count in the metadata
)

// Save implements engine.Checkpointer: a Hugging Face folder (config.json,
// generation_config.json, model.safetensors in float32) with the optimizer's state
// beside it. Each file is written aside, synced and renamed.
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
	p := e.model.params
	if err := errors.Join(p.config.write(dir), p.write(filepath.Join(dir, modelFile), isPolicy)); err != nil {
		return err
	}
	if anyNonZero32(p.value) || anyNonZero32(p.valueBias) {
		return p.write(filepath.Join(dir, valueFile), isValue)
	}
	// A value head of an earlier save would otherwise be read with this model.
	if err := os.Remove(filepath.Join(dir, valueFile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Hash identifies the policy: the SHA-256 of its configuration and weights, in hex, and
// of the precision it is computed in where that is not F32.
func (e *Engine) Hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%+v", e.model.config.withoutTokens())
	if e.options.Precision != F32 {
		fmt.Fprintf(h, "%s", e.options.Precision)
	}
	for _, t := range e.model.tensors {
		if isPolicy(t.name) {
			fmt.Fprintf(h, "%s %v\n", t.name, t.shape)
			h.Write(safetensors.Float32Tensor(t.name, t.shape, t.data).Data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func isValue(name string) bool  { return name == valueName || name == valueBiasName }
func isPolicy(name string) bool { return !isValue(name) }
func anyNonZero32(x []float32) bool {
	return slices.ContainsFunc(x, func(v float32) bool { return v != 0 })
}

func (p *params) write(path string, want func(name string) bool) error {
	var out []safetensors.Tensor
	for _, t := range p.tensors {
		if want(t.name) {
			out = append(out, safetensors.Float32Tensor(t.name, t.shape, t.data))
		}
	}
	return safetensors.Write(path, out, map[string]string{"format": "pt"})
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
	p, optimizer, err := read(dir, e.options)
	if err != nil {
		return err
	}
	e.adopt(p, optimizer)
	return nil
}

// read opens a model folder; without an optimizer's state the optimizer is fresh.
func read(dir string, o Options) (*params, *adam, error) {
	config, err := readConfig(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := fits(config, dir); err != nil {
		return nil, nil, err
	}
	if err := afford(config.toSample(o), "choose a smaller model, or dtype bf16"); err != nil {
		return nil, nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	p := newParams(config)
	if err := p.read(filepath.Join(dir, modelFile), isPolicy); err != nil {
		return nil, nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	err = p.read(filepath.Join(dir, valueFile), isValue)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	if name, bad := p.nonFinite(); bad {
		return nil, nil, fmt.Errorf("open model %s: tensor %s holds a number that is not finite", dir, name)
	}
	a := new(adam)
	if err := a.read(filepath.Join(dir, optimizerFile), config); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("open checkpoint %s: %w", dir, err)
	}
	return p, a, nil
}

// fits compares the configuration with the weights' file before anything of the
// configuration's size is allocated.
func fits(c Config, dir string) error {
	path := filepath.Join(dir, modelFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, sharded := os.Stat(path + ".index.json"); sharded == nil {
			return fmt.Errorf("open model %s: weights in several shards are not supported: merge them into %s", dir, modelFile)
		}
	}
	if err != nil {
		return fmt.Errorf("open model %s: %w; a model folder holds config.json, %s and tokenizer.json", dir, err, modelFile)
	}
	least := 2 * (c.parameters() - 2*int64(c.HiddenSize) - 1) // two bytes a number: bf16; the value head lies elsewhere
	if info.Size() < least {
		return fmt.Errorf("open model %s: %s has %d bytes, config.json describes at least %d: the file is truncated or belongs to another model",
			dir, modelFile, info.Size(), least)
	}
	return nil
}

// read fills the wanted tensors from a file, which may hold no others.
func (p *params) read(path string, want func(name string) bool) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	if err := errors.Join(p.fill(file, "", want), p.knowsAll(file)); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// fill copies the wanted tensors, stored under prefix+name, in their shapes.
func (p *params) fill(file *safetensors.File, prefix string, want func(name string) bool) error {
	for _, t := range p.tensors {
		if !want(t.name) {
			continue
		}
		stored, ok := file.Tensor(prefix + t.name)
		if !ok {
			return fmt.Errorf("tensor %s is missing", prefix+t.name)
		}
		if !slices.Equal(stored.Shape, t.shape) {
			return fmt.Errorf("tensor %s has shape %v, config.json says %v", prefix+t.name, stored.Shape, t.shape)
		}
		values, err := stored.Float32s()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", prefix+t.name, err)
		}
		copy(t.data, values)
	}
	return nil
}

// knowsAll refuses a file with tensors this architecture has no place for: they would
// be dropped silently, and the model would be another one.
func (p *params) knowsAll(file *safetensors.File) error {
	known := map[string]bool{"lm_head.weight": true} // a tied head may be stored as well
	for _, t := range p.tensors {
		known[t.name] = true
	}
	for _, name := range file.Names() {
		if !known[name] {
			return fmt.Errorf("tensor %s has no place in the model that config.json describes", name)
		}
	}
	return nil
}

func (a *adam) read(path string, c Config) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	if len(file.Names()) > 0 {
		a.m, a.v = newParams(c), newParams(c)
		every := func(string) bool { return true }
		if err := errors.Join(a.m.fill(file, "m.", every), a.v.fill(file, "v.", every)); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	a.step, err = strconv.Atoi(file.Metadata["step"])
	if err != nil || a.step < 0 {
		return fmt.Errorf("%s: the step count in its metadata is %q", filepath.Base(path), file.Metadata["step"])
	}
	return nil
}
