package native

import (
	"math"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// flows holds the gradient of the loss with respect to activations; shapes as in
// activations.
type flows struct {
	layers  []layerFlow
	x       []float32 // [N, C]: with respect to the embedded tokens
	hidden  []float32 // [M, C]
	logprob []float64 // [M]
	entropy []float64 // [M]
	value   []float64 // [M]
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
}

func (f *flows) size(c Config, n, targets int) {
	if len(f.layers) != c.Layers {
		f.layers = make([]layerFlow, c.Layers)
	}
	for i := range f.layers {
		l := &f.layers[i]
		for _, x := range []*[]float32{&l.out, &l.midNormed, &l.mid, &l.normed} {
			grow(x, n*c.HiddenSize)
		}
		for _, x := range []*[]float32{&l.attended, &l.q, &l.qRaw} {
			grow(x, n*c.queryWidth())
		}
		for _, x := range []*[]float32{&l.k, &l.kRaw, &l.v} {
			grow(x, n*c.keyWidth())
		}
		grow(&l.gate, n*c.IntermediateSize)
		grow(&l.up, n*c.IntermediateSize)
	}
	grow(&f.x, n*c.HiddenSize)
	grow(&f.hidden, targets*c.HiddenSize)
	for _, x := range []*[]float64{&f.logprob, &f.entropy, &f.value} {
		grow(x, targets)
		clear(*x)
	}
}

// propagate takes the gradient from log-probabilities, entropies and values back to
// the embedded tokens.
func (m *model) propagate(a *activations, f *flows, back *packed, divisor float32, threads int) {
	a.overBlocks(threads, func(block []span) {
		m.headBackward(a, f, block, &back.head, divisor)
		for i := len(a.layers) - 1; i >= 0; i-- {
			m.layerBackward(i, a, f, block, &back.layers[i])
		}
	})
}

// headBackward starts the flow. With z the logits over the temperature and p their
// softmax, ∂log p_y/∂z_v = [v = y] − p_v and ∂H/∂z_v = −p_v (ln p_v + H).
func (m *model) headBackward(a *activations, f *flows, block []span, back *kernel.Packed, divisor float32) {
	c := m.config
	from, to := block[0].firstTarget, block[len(block)-1].endTarget()
	for _, s := range block {
		for t, token := range s.completion {
			at := s.firstTarget + t
			logitsBackward(a.logits[at*c.VocabSize:(at+1)*c.VocabSize], int(token), a.lse[at], a.entropy[at],
				f.logprob[at], f.entropy[at], divisor)
		}
	}
	kernel.GemmPacked(f.hidden[from*c.HiddenSize:to*c.HiddenSize], c.HiddenSize, to-from,
		kernel.Dense(a.logits[from*c.VocabSize:], c.VocabSize), back, false)
	out := f.layers[c.Layers-1].out
	clear(out[block[0].firstRow*c.HiddenSize : block[len(block)-1].endRow()*c.HiddenSize])
	for _, s := range block {
		for t := range s.targets {
			at, row := s.firstTarget+t, s.targetRow(t)
			dh := f.hidden[at*c.HiddenSize : (at+1)*c.HiddenSize]
			if dv := float32(f.value[at]); dv != 0 {
				kernel.AddScaled(dh, m.value, dv)
			}
			kernel.RMSNormBackward(out[row*c.HiddenSize:(row+1)*c.HiddenSize], dh,
				a.x[row*c.HiddenSize:(row+1)*c.HiddenSize], m.norm, a.hiddenR[at])
		}
	}
}

// logitsBackward replaces one row of z by the gradient of the logits.
func logitsBackward(z []float32, token int, lse, entropy, dlogprob, dentropy float64, divisor float32) {
	if dlogprob == 0 && dentropy == 0 {
		clear(z)
		return
	}
	inverse := 1 / float64(divisor)
	for v, x := range z {
		logp := float64(x) - lse
		g := -math.Exp(logp) * (dlogprob + dentropy*(logp+entropy))
		if v == token {
			g += dlogprob
		}
		z[v] = float32(g * inverse)
	}
}

// layerBackward takes the flow of one layer's output to that of its input.
func (m *model) layerBackward(layer int, a *activations, f *flows, block []span, back *packedLayer) {
	c := m.config
	from, to := block[0].firstRow, block[len(block)-1].endRow()
	r := a.layers[layer].slice(c, from, to)
	d := f.layers[layer].slice(c, from, to)
	in := f.x
	if layer > 0 {
		in = f.layers[layer-1].out
	}
	m.mlpBackward(layer, &r, &d, back)
	kernel.GemmPacked(d.attended, c.queryWidth(), to-from, kernel.Dense(d.mid, c.HiddenSize), &back.o, false)
	scratch := scratches.Get().(*attentionScratch)
	for _, s := range block {
		attendBackward(&a.layers[layer], &f.layers[layer], c, s, scratch)
	}
	scratches.Put(scratch)
	m.attentionInputsBackward(layer, &r, &d, a.positions[from:to], back, in[from*c.HiddenSize:to*c.HiddenSize])
}

// mlpBackward takes the flow from out to mid.
func (m *model) mlpBackward(layer int, r *rows, d *layerFlow, back *packedLayer) {
	c, n := m.config, len(r.midRstd)
	kernel.GemmPacked(d.gate, c.IntermediateSize, n, kernel.Dense(d.out, c.HiddenSize), &back.down, false)
	kernel.SwiGLUBackward(d.gate, d.up, d.gate, r.sigmoid, r.gate, r.up)
	kernel.GemmPacked(d.midNormed, c.HiddenSize, n, kernel.Dense(d.gate, c.IntermediateSize), &back.gate, false)
	kernel.GemmPacked(d.midNormed, c.HiddenSize, n, kernel.Dense(d.up, c.IntermediateSize), &back.up, true)
	copy(d.mid, d.out)
	normRowsBackward(d.mid, d.midNormed, r.mid, m.layers[layer].postNorm, r.midRstd)
}

// attentionInputsBackward takes the flow from q, k, v and the residual to the layer's input.
func (m *model) attentionInputsBackward(layer int, r *rows, d *layerFlow, positions []int, back *packedLayer, in []float32) {
	c, w, n := m.config, &m.layers[layer], len(positions)
	for i, position := range positions {
		eachHead(d.q[i*c.queryWidth():(i+1)*c.queryWidth()], c.HeadDim, func(x []float32) { m.rope.RotateBack(x, position) })
		eachHead(d.k[i*c.keyWidth():(i+1)*c.keyWidth()], c.HeadDim, func(x []float32) { m.rope.RotateBack(x, position) })
	}
	clear(d.qRaw)
	clear(d.kRaw)
	normRowsBackward(d.qRaw, d.q, r.qRaw, w.qNorm, r.qRstd)
	normRowsBackward(d.kRaw, d.k, r.kRaw, w.kNorm, r.kRstd)
	kernel.GemmPacked(d.normed, c.HiddenSize, n, kernel.Dense(d.qRaw, c.queryWidth()), &back.q, false)
	kernel.GemmPacked(d.normed, c.HiddenSize, n, kernel.Dense(d.kRaw, c.keyWidth()), &back.k, true)
	kernel.GemmPacked(d.normed, c.HiddenSize, n, kernel.Dense(d.v, c.keyWidth()), &back.v, true)
	copy(in, d.mid)
	normRowsBackward(in, d.normed, r.x, w.inputNorm, r.rstd)
}

func normRowsBackward(dx, dy, x, w, rstd []float32) {
	width := len(w)
	for i, r := range rstd {
		kernel.RMSNormBackward(dx[i*width:(i+1)*width], dy[i*width:(i+1)*width], x[i*width:(i+1)*width], w, r)
	}
}

func (d *layerFlow) slice(c Config, from, to int) layerFlow {
	cut := func(x []float32, width int) []float32 { return x[from*width : to*width] }
	return layerFlow{
		out: cut(d.out, c.HiddenSize), gate: cut(d.gate, c.IntermediateSize), up: cut(d.up, c.IntermediateSize),
		midNormed: cut(d.midNormed, c.HiddenSize), mid: cut(d.mid, c.HiddenSize),
		attended: cut(d.attended, c.queryWidth()), q: cut(d.q, c.queryWidth()), qRaw: cut(d.qRaw, c.queryWidth()),
		k: cut(d.k, c.keyWidth()), kRaw: cut(d.kRaw, c.keyWidth()), v: cut(d.v, c.keyWidth()),
		normed: cut(d.normed, c.HiddenSize),
	}
}
