package native

import (
	"fmt"
	"sync/atomic"

	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// fill reads every tensor: into the arena, or, where it is frozen, into its panels.
func (m *model) fill(source *safetensors.Folder, threads int) error {
	panels := m.frozenPanels()
	for _, t := range m.tensors {
		if isValue(t.name) {
			continue
		}
		stored, _ := source.Tensor(t.name) // matches has looked
		var err error
		switch to := panels[t.name]; {
		case t.data != nil:
			err = read32(t.data, stored, threads)
		case to != nil:
			err = readPanels(to, stored, t, m.precision == BF16, threads)
		default:
			err = checkFinite(stored, threads) // embeddings stay where they are
		}
		if err != nil {
			return fmt.Errorf("tensor %s %w", t.name, err)
		}
		if err := source.Forget(t.name); err != nil {
			return err
		}
	}
	if m.source != nil {
		m.table, _ = source.Tensor(embedName)
	}
	return nil
}

// frozenPanels says where the matrices of a frozen model go.
func (m *model) frozenPanels() map[string]*kernel.Packed {
	if m.source == nil {
		return nil
	}
	to := map[string]*kernel.Packed{headName: &m.forward.head.weights}
	if m.config.TiedHead {
		to = map[string]*kernel.Packed{embedName: &m.forward.head.weights}
	}
	for i := range m.layers {
		for j := range m.layers[i].linears {
			to[m.layers[i].linears[j].module+".weight"] = &m.forward.layers[i][j].weights
		}
	}
	return to
}

// errNotFinite completes "tensor NAME …".
var errNotFinite = fmt.Errorf("holds a number that is not finite")

// piece of a tensor that is converted at once.
const loadBlock = 1 << 16

// inBlocks converts a tensor's numbers, some at a time, and refuses those that are not
// finite.
func inBlocks(t safetensors.Tensor, threads, block int, use func(at int, x []float32)) error {
	if err := t.CheckFloat(); err != nil {
		return err
	}
	n := t.Elements()
	var poisoned atomic.Bool
	var scratch kernel.Pool[[]float32]
	kernel.Parallel(threads, (n+block-1)/block, func(b int) {
		from, to := b*block, min((b+1)*block, n)
		x := scratch.Get()
		kernel.Resize(x, to-from)
		t.Floats(*x, from)
		for _, v := range *x {
			if !finite(float64(v)) {
				poisoned.Store(true)
				break
			}
		}
		use(from, *x)
		scratch.Put(x)
	})
	if poisoned.Load() {
		return errNotFinite
	}
	return nil
}

func read32(dst []float32, t safetensors.Tensor, threads int) error {
	return inBlocks(t, threads, loadBlock, func(at int, x []float32) { copy(dst[at:], x) })
}

func checkFinite(t safetensors.Tensor, threads int) error {
	return inBlocks(t, threads, loadBlock, func(int, []float32) {})
}

// readPanels packs W [out, in]: a panel is sixteen of its rows.
func readPanels(to *kernel.Packed, t safetensors.Tensor, at tensor, half bool, threads int) error {
	to.Reserve(at.cols, at.rows, half)
	return inBlocks(t, threads, kernel.Panel*at.cols, func(from int, x []float32) {
		to.PackPanel(from/at.cols/kernel.Panel, kernel.Dense(x, at.cols).T())
	})
}

// embedding copies a token's row.
func (m *model) embedding(dst []float32, token int) {
	if m.embed != nil {
		copy(dst, m.embed[token*m.config.HiddenSize:])
		return
	}
	m.table.Floats(dst, token*m.config.HiddenSize)
}

// widen gets a frozen layer's projections ready for the way back, which multiplies by W where
// the way there multiplies by its transpose.
func (m *model) widen(layer, threads int) {
	for j := range m.wide {
		if m.layers[layer].linears[j].weight == nil {
			w := &m.forward.layers[layer][j].weights
			turn(&m.wide[j], w, 0, w.Panels(), threads)
		}
	}
}

func turn(dst, src *kernel.Packed, from, to, threads int) {
	dst.ReserveTransposed(src, from, to)
	kernel.Parallel(threads, dst.Panels(), func(i int) { dst.TransposePanel(i, src, from, to) })
}

// headSlice is how many rows of the vocabulary projection the way back multiplies by at
// once: all, or of a frozen one as many as are got ready together.
func (m *model) headSlice() int {
	if m.head != nil {
		return m.config.VocabSize
	}
	return 1024 * kernel.Panel
}

// widenHead gets rows first … end−1 of a frozen vocabulary projection ready.
func (m *model) widenHead(first, end, threads int) {
	if m.head == nil {
		turn(&m.wideHead, &m.forward.head.weights, first/kernel.Panel, (end+kernel.Panel-1)/kernel.Panel, threads)
	}
}
