package native

import (
	"math"
	"sync"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// evaluate runs the whole forward pass: layers, head, log-probabilities of the
// targets, and, where wanted, entropies and values.
func (m *model) evaluate(a *activations, temperature float64, full bool, threads int) {
	a.size(m.config)
	a.overBlocks(threads, func(block []span) {
		m.forwardLayers(a, block)
		m.forwardHead(a, block, divisor(temperature), full)
	})
}

// forwardLayers takes a block of sequences from tokens to the output of the last layer.
func (m *model) forwardLayers(a *activations, block []span) {
	c := m.config
	from, to := block[0].firstRow, block[len(block)-1].endRow()
	m.embedTokens(a.layers[0].x[from*c.HiddenSize:], a.tokens[from:to])
	scratch := scratches.Get().(*attentionScratch)
	defer scratches.Put(scratch)
	for i := range a.layers {
		r := a.layers[i].slice(c, from, to)
		m.attentionInputs(i, &r, a.positions[from:to])
		for _, s := range block {
			attend(&a.layers[i], c, s, scratch)
		}
		out := a.x[from*c.HiddenSize : to*c.HiddenSize]
		if i+1 < len(a.layers) {
			out = a.layers[i+1].x[from*c.HiddenSize : to*c.HiddenSize]
		}
		m.attentionOutputs(i, &r)
		m.mlp(i, &r, out)
	}
}

func (m *model) embedTokens(x []float32, tokens []int32) {
	width := m.config.HiddenSize
	for i, t := range tokens {
		copy(x[i*width:(i+1)*width], m.embed[int(t)*width:])
	}
}

// attentionInputs computes queries, keys and values of rows: RMSNorm, projection, the
// norm of each head's query and key, rotation by position.
func (m *model) attentionInputs(layer int, r *rows, positions []int) {
	c, w, p := m.config, &m.layers[layer], &m.forward.layers[layer]
	n := len(positions)
	normRows(r.normed, r.x, w.inputNorm, r.rstd, c)
	in := kernel.Dense(r.normed, c.HiddenSize)
	kernel.GemmPacked(r.qRaw, c.queryWidth(), n, in, &p.q, false)
	kernel.GemmPacked(r.kRaw, c.keyWidth(), n, in, &p.k, false)
	kernel.GemmPacked(r.v, c.keyWidth(), n, in, &p.v, false)
	normRows(r.q, r.qRaw, w.qNorm, r.qRstd, c)
	normRows(r.k, r.kRaw, w.kNorm, r.kRstd, c)
	for i, position := range positions {
		eachHead(r.q[i*c.queryWidth():(i+1)*c.queryWidth()], c.HeadDim, func(x []float32) { m.rope.Rotate(x, position) })
		eachHead(r.k[i*c.keyWidth():(i+1)*c.keyWidth()], c.HeadDim, func(x []float32) { m.rope.Rotate(x, position) })
	}
}

// attentionOutputs projects what was attended to and adds the residual.
func (m *model) attentionOutputs(layer int, r *rows) {
	c := m.config
	kernel.GemmPacked(r.mid, c.HiddenSize, len(r.rstd), kernel.Dense(r.attended, c.queryWidth()), &m.forward.layers[layer].o, false)
	kernel.Add(r.mid, r.x)
}

// mlp computes out = mid + W_down(SwiGLU(W_gate h, W_up h)), h = RMSNorm(mid).
func (m *model) mlp(layer int, r *rows, out []float32) {
	c, w, p := m.config, &m.layers[layer], &m.forward.layers[layer]
	n := len(r.midRstd)
	normRows(r.midNormed, r.mid, w.postNorm, r.midRstd, c)
	in := kernel.Dense(r.midNormed, c.HiddenSize)
	kernel.GemmPacked(r.gate, c.IntermediateSize, n, in, &p.gate, false)
	kernel.GemmPacked(r.up, c.IntermediateSize, n, in, &p.up, false)
	kernel.SwiGLU(r.activation, r.sigmoid, r.gate, r.up)
	kernel.GemmPacked(out, c.HiddenSize, n, kernel.Dense(r.activation, c.IntermediateSize), &p.down, false)
	kernel.Add(out, r.mid)
}

// forwardHead predicts the targets of a block of sequences.
func (m *model) forwardHead(a *activations, block []span, divisor float32, full bool) {
	c := m.config
	from, to := block[0].firstTarget, block[len(block)-1].endTarget()
	for _, s := range block {
		for t := range s.targets {
			row, at := s.targetRow(t), s.firstTarget+t
			a.hiddenR[at] = kernel.RMSNorm(a.hidden[at*c.HiddenSize:(at+1)*c.HiddenSize],
				a.x[row*c.HiddenSize:(row+1)*c.HiddenSize], m.norm, float32(c.NormEpsilon))
		}
	}
	m.project(a.logits[from*c.VocabSize:to*c.VocabSize], a.hidden[from*c.HiddenSize:to*c.HiddenSize], to-from, divisor)
	scratch := make([]float32, c.VocabSize)
	for _, s := range block {
		for t, token := range s.completion {
			at := s.firstTarget + t
			z := a.logits[at*c.VocabSize : (at+1)*c.VocabSize]
			a.lse[at] = kernel.LogSumExp(z, scratch)
			a.logprobs[at] = logprob(z, int(token), a.lse[at])
			if full {
				a.entropy[at] = entropy(z, a.lse[at])
				a.values[at] = m.valueOf(a.hidden[at*c.HiddenSize : (at+1)*c.HiddenSize])
			}
		}
	}
}

// project computes n rows of logits, divided by the temperature.
func (m *model) project(logits, hidden []float32, n int, divisor float32) {
	kernel.GemmPacked(logits, m.config.VocabSize, n, kernel.Dense(hidden, m.config.HiddenSize), &m.forward.head, false)
	if divisor != 1 {
		for i := range logits {
			logits[i] /= divisor
		}
	}
}

// logprob is the one definition that sampling, scoring and training share.
func logprob(z []float32, token int, lse float64) float32 {
	return float32(float64(z[token]) - lse)
}

// entropy is −Σ p ln p = lse − Σ p z in nats.
func entropy(z []float32, lse float64) float64 {
	h := lse
	for _, v := range z {
		h -= math.Exp(float64(v)-lse) * float64(v)
	}
	return h
}

func (m *model) valueOf(hidden []float32) float64 {
	return float64(kernel.Dot(hidden, m.value)) + float64(m.valueBias[0])
}

func normRows(y, x, w, rstd []float32, c Config) {
	width := len(w)
	for i := range rstd {
		rstd[i] = kernel.RMSNorm(y[i*width:(i+1)*width], x[i*width:(i+1)*width], w, float32(c.NormEpsilon))
	}
}

func eachHead(x []float32, width int, do func(head []float32)) {
	for i := 0; i < len(x); i += width {
		do(x[i : i+width])
	}
}

var scratches = sync.Pool{New: func() any { return new(attentionScratch) }}
