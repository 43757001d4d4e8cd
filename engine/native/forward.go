package native

import (
	"github.com/negativa-lab/negativa/internal/kernel"
)

// forwardLayers takes a block from tokens to the output of the last layer.
func (m *model) forwardLayers(a *activations, b block) {
	c := m.config
	m.embedTokens(a.layers[0].x[b.firstRow*c.HiddenSize:], a.tokens[b.firstRow:b.endRow])
	for i := range a.layers {
		out := a.x
		if i+1 < len(a.layers) {
			out = a.layers[i+1].x
		}
		r := m.forwardLayer(i, a, b)
		m.mlpOutput(i, &r, out[b.firstRow*c.HiddenSize:b.endRow*c.HiddenSize], alone)
	}
}

// forwardLayer computes one layer up to the activations of its MLP: all that the
// backward pass needs.
func (m *model) forwardLayer(layer int, a *activations, b block) rows {
	r := a.layers[layer].slice(m.config, b.firstRow, b.endRow)
	m.attentionInputs(layer, &r, a.positions[b.firstRow:b.endRow], alone)
	scratch := scratches.Get()
	for i := b.from; i < b.to; i++ {
		a.attend(&a.layers[layer], m.config, &a.units[i], scratch)
	}
	scratches.Put(scratch)
	m.attentionOutputs(layer, &r, alone)
	m.mlpActivations(layer, &r, alone)
	return r
}

func (m *model) embedTokens(x []float32, tokens []int32) {
	width := m.config.HiddenSize
	for i, t := range tokens {
		m.embedding(x[i*width:(i+1)*width], int(t))
	}
}

// attentionInputs computes queries, keys and values of rows.
func (m *model) attentionInputs(layer int, r *rows, positions []int, t *team) {
	m.project(layer, r, t)
	m.place(layer, r, positions)
}

// project is RMSNorm and the projections of queries, keys and values.
func (m *model) project(layer int, r *rows, t *team) {
	w, p := &m.layers[layer], &m.forward.layers[layer]
	m.normRows(r.normed, r.x, w.inputNorm, r.rstd)
	m.round(r.normed)
	t.products(r.normed, m.config.HiddenSize, len(r.rstd),
		product{out: r.qRaw, by: &p[qProj]}, product{out: r.kRaw, by: &p[kProj]}, product{out: r.v, by: &p[vProj]})
}

// place is the norm of each head's query and key, and their rotation by position.
func (m *model) place(layer int, r *rows, positions []int) {
	c, w := m.config, &m.layers[layer]
	if c.headNorms() {
		m.normRows(r.q, r.qRaw, w.qNorm, r.qRstd)
		m.normRows(r.k, r.kRaw, w.kNorm, r.kRstd)
	}
	for i, position := range positions {
		for h := i * c.queryWidth(); h < (i+1)*c.queryWidth(); h += c.HeadDim {
			m.rope.Rotate(r.q[h:h+c.HeadDim], position)
		}
		for h := i * c.keyWidth(); h < (i+1)*c.keyWidth(); h += c.HeadDim {
			m.rope.Rotate(r.k[h:h+c.HeadDim], position)
		}
	}
}

// attentionOutputs projects what was attended to and adds the residual.
func (m *model) attentionOutputs(layer int, r *rows, t *team) {
	m.round(r.attended)
	t.products(r.attended, m.config.queryWidth(), len(r.rstd), product{out: r.mid, by: &m.forward.layers[layer][oProj]})
	kernel.Add(r.mid, r.x)
}

// mlpActivations computes SwiGLU(W_gate h, W_up h), h = RMSNorm(mid).
func (m *model) mlpActivations(layer int, r *rows, t *team) {
	m.gates(layer, r, t)
	m.activate(r)
}

func (m *model) gates(layer int, r *rows, t *team) {
	p := &m.forward.layers[layer]
	m.normRows(r.midNormed, r.mid, m.layers[layer].postNorm, r.midRstd)
	m.round(r.midNormed)
	t.products(r.midNormed, m.config.HiddenSize, len(r.midRstd), product{out: r.gate, by: &p[gateProj]}, product{out: r.up, by: &p[upProj]})
}

func (m *model) activate(r *rows) {
	kernel.SwiGLU(r.activation, r.sigmoid, r.gate, r.up)
	m.round(r.activation)
}

// mlpOutput is out = mid + W_down · activation.
func (m *model) mlpOutput(layer int, r *rows, out []float32, t *team) {
	t.products(r.activation, m.config.IntermediateSize, len(r.midRstd), product{out: out, by: &m.forward.layers[layer][downProj]})
	kernel.Add(out, r.mid)
}

// headTargets is how many targets one thread predicts at a time.
const headTargets = 64

// headRows is how many targets' logits are held at once: 256 MiB of them, however many
// tokens the batch and the vocabulary have.
func headRows(c Config) int { return max(headTargets, 1<<26/c.VocabSize) }

// predict computes the logits of targets from … to−1, which are rows at … of a.logits,
// and with them log-probabilities and, where wanted, entropies and values.
func (m *model) predict(a *activations, from, to, at int, divisor float32, full bool) {
	c := m.config
	hidden := a.hidden[from*c.HiddenSize : to*c.HiddenSize]
	logits := a.logits[at*c.VocabSize : (at+to-from)*c.VocabSize]
	m.unembed(logits, hidden, to-from, divisor, alone)
	scratch := scratches.Get()
	kernel.Resize(&scratch.scores, c.VocabSize)
	for i := from; i < to; i++ {
		z := logits[(i-from)*c.VocabSize : (i-from+1)*c.VocabSize]
		a.lse[i] = kernel.LogSumExp(z, scratch.scores)
		a.logprobs[i] = logprob(z, int(a.expected[i]), a.lse[i])
		if full {
			a.entropy[i] = entropy(z, scratch.scores, a.lse[i])
			a.values[i] = m.valueOf(hidden[(i-from)*c.HiddenSize : (i-from+1)*c.HiddenSize])
		}
	}
	scratches.Put(scratch)
}

// normTargets gathers the rows that predict, normed.
func (m *model) normTargets(a *activations, from, to int) {
	width := m.config.HiddenSize
	for i := from; i < to; i++ {
		row := a.predictor[i]
		m.normRows(a.hidden[i*width:(i+1)*width], a.x[row*width:(row+1)*width], m.norm, a.hiddenR[i:i+1])
	}
	m.round(a.hidden[from*width : to*width])
}

// unembed computes n rows of logits, divided by the temperature.
func (m *model) unembed(logits, hidden []float32, n int, divisor float32, t *team) {
	t.products(hidden, m.config.HiddenSize, n, product{out: logits, by: &m.forward.head})
	if divisor != 1 {
		for i := range logits {
			logits[i] /= divisor
		}
	}
}

// round makes factors of products what the model's precision holds.
func (m *model) round(x []float32) {
	if m.precision == BF16 {
		kernel.RoundHalf(x, x)
	}
}

// logprob is the one definition that sampling, scoring and training share.
func logprob(z []float32, token int, lse float64) float32 {
	return float32(float64(z[token]) - lse)
}

// entropy is −Σ p ln p = lse − Σ p z in nats; exps are e^z, up to a factor.
func entropy(z, exps []float32, lse float64) float64 {
	var sum, weighted float64
	for i, v := range z {
		e := float64(exps[i])
		sum += e
		weighted += e * float64(v)
	}
	return lse - weighted/sum
}

func (m *model) valueOf(hidden []float32) float64 {
	return float64(kernel.Dot(hidden, m.value)) + float64(m.valueBias[0])
}

func (m *model) normRows(y, x, w, rstd []float32) {
	kernel.RMSNorm(y, x, w, rstd, float32(m.config.NormEpsilon))
}

var scratches kernel.Pool[attentionScratch]
