package native

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Weights that are kept in bfloat16 are bfloat16 numbers after every step and in the file,
// do not depend on the threads, and go on from a checkpoint as if nothing had been.
func TestWeightsKeptInBFloat16(t *testing.T) {
	options := func(threads int) Options { return Options{Threads: threads, Weights: BF16, Seed: 5} }
	steps := func(e *Engine, n int) {
		for range n {
			if _, err := e.ForwardBackward(t.Context(), distinctBatch(e, 4), nextToken(8), 1); err != nil {
				t.Fatal(err)
			}
			o := engine.OptimParams{Optimizer: engine.AdamW, LearningRate: 1e-4, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
			if _, err := e.OptimStep(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	fresh := func(threads int) *Engine {
		e, err := New(small(true), 1, options(threads))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	whole, half := fresh(1), fresh(3)
	before := slices.Clone(whole.model.arena)
	steps(whole, 4)
	steps(half, 2)
	dir := t.TempDir()
	if err := half.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, options(2))
	if err != nil {
		t.Fatal(err)
	}
	steps(again, 2)
	if again.Hash() != whole.Hash() {
		t.Error("a run that was stopped and opened again goes on differently")
	}
	moved := 0
	for i, v := range whole.model.arena {
		if math.Float32bits(v)&0xffff != 0 {
			t.Fatalf("weight %d is %v: no bfloat16 number", i, v)
		}
		if v != before[i] {
			moved++
		}
	}
	// A step of 1e-4 is below half the spacing of most weights: rounding to nearest would lose it.
	if moved == 0 || moved == len(before) {
		t.Errorf("%d of %d weights have moved", moved, len(before))
	}
	folder, err := safetensors.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for _, name := range folder.Names() {
		if stored, _ := folder.Tensor(name); stored.DType != safetensors.BF16 {
			t.Errorf("%s is stored as %s in %s", name, stored.DType, filepath.Base(dir))
		}
	}
}

// Exported folders hold what was asked for and say so.
func TestExportsAreOfOneType(t *testing.T) {
	e, g := openGolden(t, "qwen2-tied")
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.BF16, safetensors.F16} {
		dir := t.TempDir()
		if err := e.Export(dir, dtype); err != nil {
			t.Fatal(err)
		}
		x, err := Inspect(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(x.DTypes) != 1 || x.DTypes[string(dtype)] == 0 {
			t.Errorf("%s: stored as %v", dtype, x.DTypes)
		}
		again, err := Open(dir, Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		bound := map[safetensors.DType]float64{safetensors.F32: 0, safetensors.F16: 0.01, safetensors.BF16: 0.1}[dtype]
		largest(t, string(dtype), logitsOf(again, g.Sequences[1]), slices.Clone(logitsOf(e, g.Sequences[1])), bound)
	}
	if err := e.Export(t.TempDir(), "I8"); err == nil {
		t.Error("weights were exported as I8")
	}
}

// What a mask leaves out stays bit for bit, weight decay or not; all else moves.
func TestUpdateMasks(t *testing.T) {
	fresh, err := New(small(true), 1, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := fresh.SaveModel(dir); err != nil {
		t.Fatal(err)
	}
	var list []safetensors.Tensor
	for _, tensor := range fresh.model.tensors {
		data := make([]byte, len(tensor.data))
		for i := range data {
			data[i] = byte(i % 2)
		}
		list = append(list, safetensors.Tensor{Name: tensor.name, DType: "BOOL", Shape: tensor.shape, Data: data})
	}
	mask := filepath.Join(t.TempDir(), "mask")
	if err := safetensors.Write(mask, list, nil); err != nil {
		t.Fatal(err)
	}
	for _, optimizer := range []engine.Optimizer{engine.AdamW, engine.SGD} {
		e, err := Open(dir, Options{Threads: 2, UpdateMask: mask})
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(e.model.arena)
		if _, err := e.ForwardBackward(t.Context(), distinctBatch(e, 4), nextToken(8), 1); err != nil {
			t.Fatal(err)
		}
		o := engine.OptimParams{Optimizer: optimizer, LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.5}
		if _, err := e.OptimStep(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, tensor := range e.model.tensors {
			moved := 0
			for i, v := range tensor.data {
				switch {
				case isValue(tensor.name):
				case i%2 == 0 && v != before[at+i]:
					t.Fatalf("%s: element %d of %s moved", optimizer, i, tensor.name)
				case i%2 == 1 && v != before[at+i]:
					moved++
				}
			}
			if !isValue(tensor.name) && moved == 0 {
				t.Errorf("%s: nothing of %s moved", optimizer, tensor.name)
			}
			at += len(tensor.data)
		}
	}
	if _, err := Open(dir, Options{UpdateMask: filepath.Join(dir, modelFile)}); err == nil {
		t.Error("weights were taken for a mask")
	}
}
