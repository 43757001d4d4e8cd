package native

import (
	"github.com/negativa-lab/negativa/internal/kernel"
)

// flows holds the gradient of the loss with respect to activations; shapes as in
// activations. Layers are walked one after another, so one layer's are held.
type flows struct {
	layer   layerFlow
	in      []float32 // [N, C]: with respect to the layer's input; of the first, the embedded tokens
	hidden  []float32 // [M, C]
	logprob []float64 // [M]
	entropy []float64 // [M]
	value   []float64 // [M]

	precision Precision
}

// descend makes the flow into one layer the flow out of the one below.
func (f *flows) descend() {
	f.layer.out, f.in = f.in, f.layer.out
	if f.precision == F32 {
		f.layer.outFactor = f.layer.out
	}
}

type layerFlow struct {
	out        []float32 // [N, C]: with respect to the layer's output
	gate, up   []float32 // [N, I]
	midNormed  []float32 // [N, C]
	mid        []float32 // [N, C]
	attended   []float32 // [N, H·D]
	q, qRaw    []float32 // [N, H·D]: q before its rotation, after the norm
	k, kRaw, v []float32 // [N, KV·D]
	normed     []float32 // [N, C]

	// out and mid as factors of products: themselves, or rounded to bf16.
	outFactor, midFactor []float32

	adapters [projections]adapterFlow
}

// adapterFlow is an adapter's narrow rows, s·x·Aᵀ, and the flow into x·Aᵀ: [N, r].
type adapterFlow struct{ rows, flow []float32 }

func (f *flows) size(m *model, n, targets int) {
	c, precision, l := m.config, m.precision, &f.layer
	for _, x := range [...]*[]float32{&l.out, &l.midNormed, &l.mid, &l.normed, &f.in} {
		kernel.Resize(x, n*c.HiddenSize)
	}
	if precision == BF16 {
		kernel.Resize(&l.outFactor, n*c.HiddenSize)
		kernel.Resize(&l.midFactor, n*c.HiddenSize)
	} else {
		l.outFactor, l.midFactor = l.out, l.mid
	}
	f.precision = precision
	kernel.Resize(&l.attended, n*c.queryWidth())
	kernel.Resize(&l.q, n*c.queryWidth())
	kernel.Resize(&l.k, n*c.keyWidth())
	kernel.Resize(&l.v, n*c.keyWidth())
	if c.headNorms() {
		kernel.Resize(&l.qRaw, n*c.queryWidth())
		kernel.Resize(&l.kRaw, n*c.keyWidth())
	} else {
		l.qRaw, l.kRaw = l.q, l.k
	}
	if m.lora != nil {
		for j := range l.adapters {
			kernel.Resize(&l.adapters[j].rows, n*m.lora.Rank)
			kernel.Resize(&l.adapters[j].flow, n*m.lora.Rank)
		}
	}
	kernel.Resize(&l.gate, n*c.IntermediateSize)
	kernel.Resize(&l.up, n*c.IntermediateSize)
	kernel.Resize(&f.hidden, targets*c.HiddenSize)
	for _, x := range [...]*[]float64{&f.logprob, &f.entropy, &f.value} {
		kernel.Resize(x, targets)
		clear(*x)
	}
}

// slopes replaces the logits of targets from … to−1, rows at … of a.logits, by their
// gradient. With z the logits over the temperature and p their softmax,
// ∂log p_y/∂z_v = [v = y] − p_v and ∂H/∂z_v = −p_v (ln p_v + H).
func (m *model) slopes(a *activations, f *flows, from, to, at int, divisor float32) {
	width := m.config.VocabSize
	logits := a.logits[at*width : (at+to-from)*width]
	for i := from; i < to; i++ {
		logitsBackward(logits[(i-from)*width:(i-from+1)*width], int(a.expected[i]), a.lse[i], a.entropy[i],
			f.logprob[i], f.entropy[i], divisor)
	}
	m.round(logits)
}

// headBackward takes the flow of targets from … to−1 through rows first … end−1 of the
// vocabulary projection, and after the last of them from their values.
func (m *model) headBackward(a *activations, f *flows, from, to, at, first, end int) {
	c := m.config
	dh := f.hidden[from*c.HiddenSize : to*c.HiddenSize]
	dz := kernel.Dense(a.logits, c.VocabSize).From(at, first)
	if m.head != nil {
		m.times(dh, c.HiddenSize, to-from, dz, end-first, m.head, false)
	} else {
		kernel.GemmPacked(dh, c.HiddenSize, to-from, dz, &m.wideHead, first > 0)
	}
	if end < c.VocabSize {
		return
	}
	for i := from; i < to; i++ {
		if dv := float32(f.value[i]); dv != 0 {
			kernel.AddScaled(dh[(i-from)*c.HiddenSize:(i-from+1)*c.HiddenSize], m.value, dv)
		}
	}
}

// productBack is dx = dy·W, or dx += dy·W, for a W of out rows and in columns.
func (m *model) productBack(dx []float32, in, n int, dy []float32, out int, w []float32, accumulate bool) {
	m.times(dx, in, n, kernel.Dense(dy, out), out, w, accumulate)
}

func (m *model) times(dx []float32, in, n int, dy kernel.View, out int, w []float32, accumulate bool) {
	if m.precision == BF16 {
		kernel.GemmHalf(dx, in, n, in, out, dy, w, in, accumulate)
		return
	}
	kernel.Gemm(dx, in, n, in, out, dy, w, in, accumulate)
}

// logitsBackward replaces one row of z by the gradient of the logits.
func logitsBackward(z []float32, token int, lse, entropy, dlogprob, dentropy float64, divisor float32) {
	if dlogprob == 0 && dentropy == 0 {
		clear(z)
		return
	}
	inverse := 1 / float64(divisor)
	if dentropy == 0 {
		kernel.Softmax(z)
		kernel.Scale(z, float32(-dlogprob*inverse))
		z[token] += float32(dlogprob * inverse)
		return
	}
	scratch := scratches.Get()
	kernel.Resize(&scratch.scores, len(z))
	copy(scratch.scores, z)
	kernel.Softmax(scratch.scores)
	for v, p := range scratch.scores {
		logp := float64(z[v]) - lse
		z[v] = float32(-float64(p) * (dlogprob + dentropy*(logp+entropy)) * inverse)
	}
	scratches.Put(scratch)
	z[token] += float32(dlogprob * inverse)
}

// targetsBackward takes the flow of a block's targets through the final norm to the
// rows that predict them. A prompt's last row predicts for each of its completions.
func (m *model) targetsBackward(a *activations, f *flows, b block) {
	width, out := m.config.HiddenSize, f.layer.out
	clear(out[b.firstRow*width : b.endRow*width])
	for _, u := range a.units[b.from:b.to] {
		for i := a.sequences[u.first].firstTarget; i < a.sequences[u.end-1].endTarget(); i++ {
			row := a.predictor[i]
			kernel.RMSNormBackward(out[row*width:(row+1)*width], f.hidden[i*width:(i+1)*width],
				a.x[row*width:(row+1)*width], m.norm, a.hiddenR[i:i+1])
		}
	}
}

// layerBackward takes the flow of one layer's output to that of its input.
func (m *model) layerBackward(layer int, a *activations, f *flows, b block) {
	c := m.config
	r := a.layers[layer].slice(c, b.firstRow, b.endRow)
	d := f.layer.slice(c, b.firstRow, b.endRow)
	m.mlpBackward(layer, &r, &d)
	m.factor(d.midFactor, d.mid)
	m.back(layer, oProj, d.attended, d.midFactor, r.attended, &d, false)
	scratch := scratches.Get()
	for i := b.from; i < b.to; i++ {
		a.attendBackward(&a.layers[layer], &f.layer, c, &a.units[i], scratch)
	}
	scratches.Put(scratch)
	m.attentionInputsBackward(layer, &r, &d, a.positions[b.firstRow:b.endRow], f.in[b.firstRow*c.HiddenSize:b.endRow*c.HiddenSize])
}

// back takes the flow out of a projection, dy, to its input: dx = dy·W, or dx += dy·W, and
// through its adapter: with t = s·x·Aᵀ, d(x·Aᵀ) = s·dy·B and dx += d(x·Aᵀ)·A.
func (m *model) back(layer, projection int, dx, dy, x []float32, d *layerFlow, accumulate bool) {
	l := &m.layers[layer].linears[projection]
	n := len(dy) / l.out
	if l.weight != nil {
		m.productBack(dx, l.in, n, dy, l.out, l.weight, accumulate)
	} else {
		kernel.GemmPacked(dx, l.in, n, kernel.Dense(dy, l.out), &m.wide[projection], accumulate)
	}
	adapter := m.forward.layers[layer][projection].adapter
	if adapter == nil {
		return
	}
	trained, flow := &m.adapters.layers[layer].linears[projection], &d.adapters[projection]
	adapter.down(flow.rows, x, l.in, n)
	m.productBack(flow.flow, m.lora.Rank, n, dy, l.out, trained.b, false)
	kernel.Scale(flow.flow, adapter.scale)
	m.round(flow.flow)
	m.productBack(dx, l.in, n, flow.flow, m.lora.Rank, trained.a, true)
}

// factor makes dst what a product reads instead of x, which stays as it is.
func (m *model) factor(dst, x []float32) {
	if m.precision == BF16 {
		kernel.RoundHalf(dst, x)
	}
}

// mlpBackward takes the flow from out to mid.
func (m *model) mlpBackward(layer int, r *rows, d *layerFlow) {
	m.factor(d.outFactor, d.out)
	m.back(layer, downProj, d.gate, d.outFactor, r.activation, d, false)
	kernel.SwiGLUBackward(d.gate, d.up, d.gate, r.sigmoid, r.gate, r.up)
	m.round(d.gate)
	m.round(d.up)
	m.back(layer, gateProj, d.midNormed, d.gate, r.midNormed, d, false)
	m.back(layer, upProj, d.midNormed, d.up, r.midNormed, d, true)
	copy(d.mid, d.out)
	kernel.RMSNormBackward(d.mid, d.midNormed, r.mid, m.layers[layer].postNorm, r.midRstd)
}

// attentionInputsBackward takes the flow from q, k, v and the residual to the layer's input.
func (m *model) attentionInputsBackward(layer int, r *rows, d *layerFlow, positions []int, in []float32) {
	c, w := m.config, &m.layers[layer]
	for i, position := range positions {
		for h := i * c.queryWidth(); h < (i+1)*c.queryWidth(); h += c.HeadDim {
			m.rope.RotateBack(d.q[h:h+c.HeadDim], position)
		}
		for h := i * c.keyWidth(); h < (i+1)*c.keyWidth(); h += c.HeadDim {
			m.rope.RotateBack(d.k[h:h+c.HeadDim], position)
		}
	}
	if c.headNorms() {
		clear(d.qRaw)
		clear(d.kRaw)
		kernel.RMSNormBackward(d.qRaw, d.q, r.qRaw, w.qNorm, r.qRstd)
		kernel.RMSNormBackward(d.kRaw, d.k, r.kRaw, w.kNorm, r.kRstd)
	}
	m.round(d.qRaw)
	m.round(d.kRaw)
	m.round(d.v)
	m.back(layer, qProj, d.normed, d.qRaw, r.normed, d, false)
	m.back(layer, kProj, d.normed, d.kRaw, r.normed, d, true)
	m.back(layer, vProj, d.normed, d.v, r.normed, d, true)
	copy(in, d.mid)
	kernel.RMSNormBackward(in, d.normed, r.x, w.inputNorm, r.rstd)
}

func (d *layerFlow) slice(c Config, from, to int) layerFlow {
	cut := func(x []float32, width int) []float32 { return x[from*width : to*width] }
	out := layerFlow{
		out: cut(d.out, c.HiddenSize), gate: cut(d.gate, c.IntermediateSize), up: cut(d.up, c.IntermediateSize),
		midNormed: cut(d.midNormed, c.HiddenSize), mid: cut(d.mid, c.HiddenSize),
		attended: cut(d.attended, c.queryWidth()), q: cut(d.q, c.queryWidth()), qRaw: cut(d.qRaw, c.queryWidth()),
		k: cut(d.k, c.keyWidth()), kRaw: cut(d.kRaw, c.keyWidth()), v: cut(d.v, c.keyWidth()),
		normed:    cut(d.normed, c.HiddenSize),
		outFactor: cut(d.outFactor, c.HiddenSize), midFactor: cut(d.midFactor, c.HiddenSize),
	}
	rows := len(d.out) / c.HiddenSize
	for j, a := range d.adapters {
		rank := len(a.rows) / rows
		out.adapters[j] = adapterFlow{cut(a.rows, rank), cut(a.flow, rank)}
	}
	return out
}
