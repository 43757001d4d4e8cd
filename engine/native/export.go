package native

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Export writes a whole model folder with weights of one type, F32, BF16 or F16: adapters
// are merged into the weights they adapt, W + s·B·A in float32 before it is rounded. Tensors
// are made one by one. The value head and the optimizer's state are not part of it.
func (e *Engine) Export(dir string, dtype safetensors.DType) error {
	if err := e.export(dir, dtype); err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	return nil
}

var dtypeNames = map[safetensors.DType]string{safetensors.F32: "float32", safetensors.BF16: "bfloat16", safetensors.F16: "float16"}

func (e *Engine) export(dir string, dtype safetensors.DType) error {
	m := e.model
	name, ok := dtypeNames[dtype]
	if !ok {
		return fmt.Errorf("dtype %s cannot be written: choose F32, BF16 or F16", dtype)
	}
	files, err := m.filesFor(name)
	if err != nil {
		return err
	}
	var list []safetensors.Tensor
	byName := map[string]tensor{}
	for _, t := range m.tensors {
		if isPolicy(t.name) {
			list = append(list, safetensors.Tensor{Name: t.name, DType: dtype, Shape: t.shape})
			byName[t.name] = t
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var raw []byte
	return errors.Join(writeFiles(dir, files), safetensors.WriteEach(filepath.Join(dir, modelFile), list, map[string]string{"format": "pt"},
		func(t safetensors.Tensor) ([]byte, error) {
			var err error
			raw, err = safetensors.Encode(raw[:0], dtype, m.merged(byName[t.Name], e.options.Threads))
			return raw, err
		}))
}

// merged are a tensor's numbers with its adapter's, if it has one.
func (m *model) merged(t tensor, threads int) []float32 {
	values := m.values(t)
	if m.lora == nil {
		return values
	}
	for i := range m.adapters.layers {
		for j := range m.adapters.layers[i].linears {
			if l := &m.adapters.layers[i].linears[j]; l.a != nil && l.module+".weight" == t.name {
				addProduct(values, l, m.lora, threads)
				return values
			}
		}
	}
	return values
}

// addProduct is W += s·B·A.
func addProduct(w []float32, l *linear, lora *LoRA, threads int) {
	kernel.Parallel(threads, l.out, func(i int) {
		row := w[i*l.in : (i+1)*l.in]
		for r, b := range l.b[i*lora.Rank : (i+1)*lora.Rank] {
			kernel.AddScaled(row, l.a[r*l.in:(r+1)*l.in], b*lora.scale())
		}
	})
}
