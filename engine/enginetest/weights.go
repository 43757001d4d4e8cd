package enginetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// tensor is a parameter as an engine has saved it.
type tensor struct {
	file   string
	stored safetensors.Tensor
	values []float64
}

// weights reads the parameters of a saved folder, files and tensors in order.
func (s Subject) weights(dir string) ([]tensor, error) {
	var out []tensor
	for _, name := range s.Weights {
		file, err := safetensors.Read(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for _, t := range file.Tensors {
			values, err := float64s(t)
			if err != nil {
				return nil, err
			}
			out = append(out, tensor{name, t, values})
		}
	}
	return out, nil
}

func float64s(t safetensors.Tensor) ([]float64, error) {
	var out []float64
	if t.DType == safetensors.F64 {
		for i := 0; i < len(t.Data); i += 8 {
			out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(t.Data[i:])))
		}
		return out, nil
	}
	narrow, err := t.Float32s()
	for _, v := range narrow {
		out = append(out, float64(v))
	}
	return out, err
}

// with is the stored tensor with other values, rounded to its type.
func (t tensor) with(values []float64) safetensors.Tensor {
	data := make([]byte, 0, len(t.stored.Data))
	for _, v := range values {
		if t.stored.DType == safetensors.F64 {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		} else {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		}
	}
	out := t.stored
	out.Data = data
	return out
}

// replace writes the folder's file that holds tensors[i] with other values in it.
func replace(dir string, tensors []tensor, i int, values []float64) error {
	var all []safetensors.Tensor
	for j, t := range tensors {
		switch {
		case j == i:
			all = append(all, t.with(values))
		case t.file == tensors[i].file:
			all = append(all, t.stored)
		}
	}
	return safetensors.Write(filepath.Join(dir, tensors[i].file), all, nil)
}

// readoutRate is the rate of the SGD step that shows a gradient. It is a power of two,
// so that it rounds nothing, and so large that a gradient's last bit is not lost in
// the weight it is subtracted from.
const readoutRate = 1 << 20

// gradient is what a fresh engine accumulates over batches, one tensor after another
// as in the weights: how far a step of plain SGD moves each weight, over the rate.
func (s Subject) gradient(ctx context.Context, dir string, batches ...[]negativa.Datum) ([]tensor, engine.Result, error) {
	e, before, err := s.opened(ctx, dir)
	if err != nil {
		return nil, engine.Result{}, err
	}
	return s.readout(ctx, e, before, dir, batches...)
}

// readout is gradient of an engine with weights of its own, which it loses.
func (s Subject) readout(ctx context.Context, e engine.Engine, before []tensor, dir string, batches ...[]negativa.Datum) (_ []tensor, result engine.Result, err error) {
	for _, batch := range batches {
		if result, err = e.ForwardBackward(ctx, batch, probe(e.Capabilities()), 1); err != nil {
			return nil, result, err
		}
	}
	if _, err := e.OptimStep(ctx, engine.OptimParams{Optimizer: engine.SGD, LearningRate: readoutRate}); err != nil {
		return nil, result, err
	}
	after, err := s.saved(ctx, e, dir)
	if err != nil {
		return nil, result, err
	}
	for i := range before {
		for j := range before[i].values {
			before[i].values[j] = (before[i].values[j] - after[i].values[j]) / readoutRate
		}
	}
	return before, result, nil
}

// opened is a fresh engine, saved, with its weights.
func (s Subject) opened(ctx context.Context, dir string) (engine.Engine, []tensor, error) {
	e, err := s.New(Options{Threads: 2})
	if err != nil {
		return nil, nil, err
	}
	weights, err := s.saved(ctx, e, dir)
	return e, weights, err
}

func (s Subject) saved(ctx context.Context, e engine.Engine, dir string) ([]tensor, error) {
	if err := e.Save(ctx, dir); err != nil {
		return nil, err
	}
	return s.weights(dir)
}

func flatten(tensors []tensor) []float64 {
	var all []float64
	for _, t := range tensors {
		all = append(all, t.values...)
	}
	return all
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

// content is every byte of a saved engine, a file after another.
func content(ctx context.Context, e engine.Engine, dir string) (map[string][]byte, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := e.Save(ctx, dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, entry := range entries {
		if out[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sameContent names the first file that differs.
func sameContent(got, want map[string][]byte) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d files were saved, want %d", len(got), len(want))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[name], want[name]) {
			return fmt.Errorf("%s differs", name)
		}
	}
	return nil
}
