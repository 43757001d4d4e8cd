package native

import "github.com/negativa-lab/negativa/internal/kernel"

// packed holds the projections as the products of a forward pass read them: W as
// [in, out] panels.
type packed struct {
	layers [][projections]projection
	head   projection
	tasks  []func() // bring what is trained up to date
	do     func(i int)
}

// projection is a linear, ready to be multiplied by.
type projection struct {
	weights kernel.Packed
	bias    []float32      // nil: none
	adapter *packedAdapter // nil: none
}

// packedAdapter is Aᵀ [in, r] and Bᵀ [r, out].
type packedAdapter struct {
	a, b  kernel.Packed
	scale float32 // of x·Aᵀ
	half  bool    // factors are rounded to bfloat16
}

// plan lists the matrices to pack, so that packing them again allocates nothing. Those of
// a frozen model were packed when it was read.
func (m *model) plan() {
	w, half := &m.forward, m.precision == BF16
	w.tasks = nil
	add := func(dst *kernel.Packed, matrix []float32, out, in int) {
		if matrix == nil {
			return
		}
		pack := dst.Pack
		if half {
			pack = dst.PackHalf
		}
		w.tasks = append(w.tasks, func() { pack(kernel.Dense(matrix, in).T(), in, out) })
	}
	add(&w.head.weights, m.head, m.config.VocabSize, m.config.HiddenSize)
	for i := range m.layers {
		for j := range m.layers[i].linears {
			l, to := &m.layers[i].linears[j], &w.layers[i][j]
			to.bias = l.bias
			add(&to.weights, l.weight, l.out, l.in)
			if m.adapters == nil {
				continue
			}
			if l := &m.adapters.layers[i].linears[j]; l.a != nil {
				to.adapter = &packedAdapter{scale: m.lora.scale(), half: half}
				add(&to.adapter.a, l.a, m.lora.Rank, l.in)
				add(&to.adapter.b, l.b, l.out, m.lora.Rank)
			}
		}
	}
	w.do = func(i int) { w.tasks[i]() }
}

// pack brings the packed projections up to date with the parameters.
func (m *model) pack(threads int) {
	kernel.Parallel(threads, len(m.forward.tasks), m.forward.do)
}

// down is x·Aᵀ, scaled, as the factor of the product with Bᵀ: n rows of r numbers.
func (p *packedAdapter) down(dst, x []float32, inRow, n int) {
	kernel.GemmPacked(dst, p.a.N, n, kernel.Dense(x, inRow), &p.a, false)
	kernel.Scale(dst, p.scale)
	if p.half {
		kernel.RoundHalf(dst, dst)
	}
}
