package tabular

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/google/renameio/v2"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// The files of a folder.
const (
	configFile    = "config.json"
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors" // moments, and the step count in the metadata
)

// Save implements engine.Checkpointer. Each file is written aside, synced and renamed.
func (e *Engine) Save(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.write(dir); err != nil {
		return fmt.Errorf("save checkpoint %s: %w", dir, err)
	}
	return nil
}

func (e *Engine) write(dir string) error {
	config, err := json.MarshalIndent(e.config, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return errors.Join(
		renameio.WriteFile(filepath.Join(dir, configFile), append(config, '\n'), 0o644),
		safetensors.Write(filepath.Join(dir, modelFile), []safetensors.Tensor{e.tensor("logits", e.logits)}, nil),
		safetensors.Write(filepath.Join(dir, optimizerFile),
			[]safetensors.Tensor{e.tensor("m.logits", e.m), e.tensor("v.logits", e.v)},
			map[string]string{"step": strconv.Itoa(e.step)}))
}

// Load implements engine.Checkpointer. On an error the engine is as it was; without an
// optimizer's file the optimizer is fresh.
func (e *Engine) Load(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	loaded, err := read(dir)
	if err != nil {
		return fmt.Errorf("load checkpoint %s: %w", dir, err)
	}
	if len(e.start) == len(loaded.logits) {
		loaded.start = e.start
	}
	*e = *loaded
	return nil
}

func read(dir string) (*Engine, error) {
	raw, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	var config Config
	if err := json.Unmarshal(raw, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	p, err := newPolicy(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	e := newEngine(p)
	if err := e.readModel(filepath.Join(dir, modelFile)); err != nil {
		return nil, err
	}
	if err := e.readOptimizer(filepath.Join(dir, optimizerFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return e, nil
}

func (e *Engine) readModel(path string) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	return e.fill(e.logits, file, "logits")
}

func (e *Engine) readOptimizer(path string) error {
	file, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	if err := errors.Join(e.fill(e.m, file, "m.logits"), e.fill(e.v, file, "v.logits")); err != nil {
		return err
	}
	e.step, err = strconv.Atoi(file.Metadata["step"])
	if err != nil || e.step < 0 {
		return fmt.Errorf("%s: the step count in its metadata is %q", optimizerFile, file.Metadata["step"])
	}
	return nil
}

func (p *policy) shape() []int { return []int{len(p.config.Prompts), p.states, p.config.VocabSize} }

func (p *policy) tensor(name string, values []float64) safetensors.Tensor {
	data := make([]byte, 0, 8*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
	}
	return safetensors.Tensor{Name: name, DType: safetensors.F64, Shape: p.shape(), Data: data}
}

// fill copies a tensor in the table's shape to dst.
func (p *policy) fill(dst []float64, file *safetensors.File, name string) error {
	t, ok := file.Tensor(name)
	switch {
	case !ok:
		return fmt.Errorf("tensor %s is missing", name)
	case t.DType != safetensors.F64 || !slices.Equal(t.Shape, p.shape()):
		return fmt.Errorf("tensor %s is %s of shape %v, %s says F64 of shape %v", name, t.DType, t.Shape, configFile, p.shape())
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
		if !finite(dst[i]) {
			return fmt.Errorf("tensor %s holds a number that is not finite", name)
		}
	}
	return nil
}
