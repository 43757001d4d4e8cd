package native

import (
	"cmp"
	"fmt"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Inspection is what a model folder holds, before any of it is read.
type Inspection struct {
	Config  Config
	DTypes  map[string]int64 // bytes of weights by type, as stored
	Largest int64            // bytes of its largest tensor, as stored
	Tensors int
	Adapter *LoRA // of an adapter's folder; Config and weights are its base's
}

// Inspect looks at a model folder as Open would, without reading its weights.
func Inspect(dir string, o Options) (Inspection, error) {
	x, err := inspect(dir, o)
	if err != nil {
		return x, fmt.Errorf("inspect model %s: %w", dir, err)
	}
	return x, nil
}

func inspect(dir string, o Options) (x Inspection, err error) {
	if isAdapter(dir) {
		config, lora, err := readAdapterConfig(dir)
		if err != nil {
			return x, err
		}
		base, err := baseOf(dir, cmp.Or(o.Base, config.Base))
		if err != nil {
			return x, err
		}
		x, err = inspect(base, o)
		x.Adapter = lora
		return x, err
	}
	if x.Config, err = readConfig(dir); err != nil {
		return x, err
	}
	source, err := safetensors.OpenFolder(dir)
	if err != nil {
		return x, err
	}
	defer source.Close() //nolint:errcheck // nothing was written
	if err := matches(x.Config, source); err != nil {
		return x, err
	}
	x.DTypes = map[string]int64{}
	for _, name := range source.Names() {
		t, _ := source.Tensor(name)
		x.DTypes[string(t.DType)] += int64(len(t.Data))
		x.Largest = max(x.Largest, int64(len(t.Data)))
		x.Tensors++
	}
	return x, nil
}
