package native

import (
	"errors"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// readMask reads which parameters training may move: a safetensors file of BOOL tensors in the
// names and shapes of the model's, as `negativa diff --mask` writes it. The value head, which
// is no part of a model, may always move.
func readMask(path string, m *model) ([]byte, error) {
	if m.lora != nil {
		return nil, errors.New("an update mask is of a model's own weights: it cannot go with adapters")
	}
	file, err := safetensors.Read(path)
	if err != nil {
		return nil, err
	}
	mask := make([]byte, 0, len(m.arena))
	for _, t := range m.tensors {
		if isValue(t.name) {
			mask = append(mask, slices.Repeat([]byte{1}, len(t.data))...)
			continue
		}
		stored, ok := file.Tensor(t.name)
		if !ok || stored.DType != "BOOL" || !slices.Equal(stored.Shape, t.shape) {
			return nil, fmt.Errorf("%s is no mask of this model: tensor %s must be BOOL of shape %v: write one with negativa diff BASE TUNED --mask FILE", path, t.name, t.shape)
		}
		mask = append(mask, stored.Data...)
	}
	return mask, nil
}

// hold takes the gradient from what must not move.
func (s *stepper) hold(g []float32, threads int) {
	if s.mask == nil {
		return
	}
	kernel.Parallel(threads, (len(g)+stepBlock-1)/stepBlock, func(i int) {
		for j := i * stepBlock; j < min((i+1)*stepBlock, len(g)); j++ {
			if s.mask[j] == 0 {
				g[j] = 0
			}
		}
	})
}

// update is one block's step; what must not move is put back, since weight decay moves it
// without a gradient.
func (s *stepper) update(block int, step func(from, to int)) {
	from, to := block*stepBlock, min((block+1)*stepBlock, len(s.p))
	if s.mask == nil {
		step(from, to)
		s.store(block, s.p[from:to])
		return
	}
	before := slices.Clone(s.p[from:to])
	step(from, to)
	s.store(block, s.p[from:to])
	for i, v := range before {
		if s.mask[from+i] == 0 {
			s.p[from+i] = v
		}
	}
}
