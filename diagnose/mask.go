package diagnose

import (
	"context"
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Names lists the tensors of a folder.
func Names(dir string) ([]string, error) {
	f, err := safetensors.OpenFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return f.Names(), f.Close()
}

// WriteMask writes a safetensors file of BOOL tensors in the shapes of the model's: 1 where a
// training changed the bits of a weight. Retraining under it moves those weights alone
// (2505.11711, §5).
func WriteMask(ctx context.Context, path, base, tuned string) error {
	return writeMask(ctx, path, base, tuned, func(string, []byte) {})
}

// WriteRandomMask writes a mask that has as many weights of each tensor, in random places: the
// control of WriteMask's.
func WriteRandomMask(ctx context.Context, path, base, tuned string, seed uint64) error {
	source := draw.New(seed, "mask")
	return writeMask(ctx, path, base, tuned, func(name string, changed []byte) {
		s := source.Named(name)
		for i := len(changed) - 1; i > 0; i-- {
			j := s.IntN(uint64(i), i+1)
			changed[i], changed[j] = changed[j], changed[i]
		}
	})
}

func writeMask(ctx context.Context, path, base, tuned string, change func(name string, mask []byte)) error {
	a, b, err := openBoth(base, tuned)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // only read
	defer b.Close() //nolint:errcheck // only read
	var list []safetensors.Tensor
	for _, name := range a.Names() {
		t, _ := a.Tensor(name)
		list = append(list, safetensors.Tensor{Name: name, DType: "BOOL", Shape: t.Shape})
	}
	return safetensors.WriteEach(path, list, map[string]string{"base": base, "tuned": tuned}, func(t safetensors.Tensor) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x, _ := a.Tensor(t.Name)
		y, _ := b.Tensor(t.Name)
		mask, before, after := make([]byte, x.Elements()), make([]float32, x.Elements()), make([]float32, x.Elements())
		x.Floats(before, 0)
		y.Floats(after, 0)
		for i := range mask {
			if before[i] != after[i] {
				mask[i] = 1
			}
		}
		change(t.Name, mask)
		return mask, errors.Join(a.Forget(t.Name), b.Forget(t.Name))
	})
}
