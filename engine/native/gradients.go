package native

import (
	"github.com/negativa-lab/negativa/internal/kernel"
)

// gradients accumulates the gradient of every parameter.
//
// An element's sum runs over tokens in order, each product fused onto what is there,
// so cutting a batch into micro-batches continues the same chain of additions. A tied
// head has two such chains, one from the logits and one from the embedded tokens;
// they are kept apart until the sum is read.
type gradients struct {
	*params
	tiedHead []float32 // [V, C], nil for an untied head
	touched  bool      // they need not be all zero
}

func newGradients(m *model) *gradients {
	g := &gradients{params: newParams(m.config, m.trains())}
	if m.config.TiedHead && g.embed != nil {
		g.tiedHead = make([]float32, len(g.embed))
	}
	return g
}

func (g *gradients) clear() {
	clear(g.arena)
	clear(g.tiedHead)
	g.touched = false
}

// sum writes the whole gradient to dst, which has the arena's layout.
func (g *gradients) sum(dst []float32) {
	copy(dst, g.arena)
	kernel.Add(dst[:len(g.tiedHead)], g.tiedHead) // the embedding is first in the arena
}

// at is element i of the whole gradient.
func (g *gradients) at(i int) float32 {
	if i < len(g.tiedHead) {
		return g.arena[i] + g.tiedHead[i]
	}
	return g.arena[i]
}

// merge folds the head's chain into the embedding's.
func (g *gradients) merge() {
	kernel.Add(g.arena[:len(g.tiedHead)], g.tiedHead)
	clear(g.tiedHead)
}

// taskOutputs is how many of a weight's rows one task owns.
const taskOutputs = 192

// layerTasks add one layer's part of the gradient. Threads split outputs. The tasks are
// made once and read the batch as it is when they run.
func layerTasks(g *layer, a *activations, at int, f *flows) []func() {
	d := &f.layer
	r := func() *rows { return &a.layers[at] }
	operands := [projections]func() (dy, x []float32){
		qProj:    func() (dy, x []float32) { return d.qRaw, r().normed },
		kProj:    func() (dy, x []float32) { return d.kRaw, r().normed },
		vProj:    func() (dy, x []float32) { return d.v, r().normed },
		oProj:    func() (dy, x []float32) { return d.midFactor, r().attended },
		gateProj: func() (dy, x []float32) { return d.gate, r().midNormed },
		upProj:   func() (dy, x []float32) { return d.up, r().midNormed },
		downProj: func() (dy, x []float32) { return d.outFactor, r().activation },
	}
	var tasks []func()
	for _, j := range [...]int{downProj, gateProj, upProj, qProj, oProj, kProj, vProj} { // the largest first: nobody waits for it at the end
		tasks = append(tasks, linearTasks(&g.linears[j], operands[j], &d.adapters[j])...)
	}
	if g.inputNorm == nil {
		return tasks
	}
	tasks = append(tasks,
		func() { kernel.RMSNormWeightBackward(g.inputNorm, d.normed, r().x, r().rstd) },
		func() { kernel.RMSNormWeightBackward(g.postNorm, d.midNormed, r().mid, r().midRstd) })
	if g.qNorm == nil {
		return tasks
	}
	return append(tasks,
		func() { kernel.RMSNormWeightBackward(g.qNorm, d.q, r().qRaw, r().qRstd) },
		func() { kernel.RMSNormWeightBackward(g.kNorm, d.k, r().kRaw, r().kRstd) })
}

// linearTasks add the gradients of what a projection trains: dW = dyᵀ x, db = Σ dy,
// dA = d(x·Aᵀ)ᵀ x and dB = dyᵀ s·x·Aᵀ.
func linearTasks(g *linear, operands func() (dy, x []float32), d *adapterFlow) []func() {
	var tasks []func()
	if g.weight != nil {
		tasks = append(tasks, weightTasks(g.weight, g.out, g.in, operands)...)
	}
	if g.bias != nil {
		tasks = append(tasks, func() {
			dy, _ := operands()
			for i := 0; i < len(dy); i += g.out {
				kernel.Add(g.bias, dy[i:i+g.out])
			}
		})
	}
	if g.a != nil {
		rank := len(g.a) / g.in
		tasks = append(tasks, weightTasks(g.a, rank, g.in, func() (dy, x []float32) {
			_, x = operands()
			return d.flow, x
		})...)
		tasks = append(tasks, weightTasks(g.b, g.out, rank, func() (dy, x []float32) {
			dy, _ = operands()
			return dy, d.rows
		})...)
	}
	return tasks
}

// weightTasks add dyᵀ x to grad [out, in]; dy is [N, out], x is [N, in].
func weightTasks(grad []float32, out, in int, operands func() (dy, x []float32)) []func() {
	var tasks []func()
	for first := 0; first < out; first += taskOutputs {
		rows := min(taskOutputs, out-first)
		tasks = append(tasks, func() {
			dy, x := operands()
			kernel.GemmOuter(grad[first*in:(first+rows)*in], in, rows, in, len(x)/in, dy[min(first, len(dy)):], out, x, in)
		})
	}
	return tasks
}

// headTasks add the vocabulary projection's part for the targets whose logits are held.
func (g *gradients) headTasks(s *scorer) []func() {
	c, head := g.config, g.head
	switch {
	case g.tiedHead != nil:
		head = g.tiedHead
	case head == nil:
		return nil
	}
	return weightTasks(head, c.VocabSize, c.HiddenSize, func() (dz, hidden []float32) {
		return s.batch.logits[:s.held*c.VocabSize], s.batch.hidden[s.from*c.HiddenSize : (s.from+s.held)*c.HiddenSize]
	})
}

// otherTasks add the parts of the embedding, the final norm and the value head.
func (g *gradients) otherTasks(a *activations, f *flows) []func() {
	tasks := []func(){func() { g.valueHead(a, f) }}
	if g.norm != nil {
		tasks = append(tasks, func() { g.finalNorm(a, f) })
	}
	if g.embed != nil {
		tasks = append(g.embedTasks(a, f), tasks...)
	}
	return tasks
}

// embedTasks adds each token's flow to its row, a band of columns a task.
func (g *gradients) embedTasks(a *activations, f *flows) []func() {
	width := g.config.HiddenSize
	var tasks []func()
	const band = 48
	for from := 0; from < width; from += band {
		to := min(from+band, width)
		tasks = append(tasks, func() {
			// After the last layer the flow into it has become the flow out of the embedding.
			for i, t := range a.tokens {
				kernel.Add(g.embed[int(t)*width+from:int(t)*width+to], f.layer.out[i*width+from:i*width+to])
			}
		})
	}
	return tasks
}

func (g *gradients) finalNorm(a *activations, f *flows) {
	width := g.config.HiddenSize
	for i, row := range a.predictor {
		kernel.RMSNormWeightBackward(g.norm, f.hidden[i*width:(i+1)*width], a.x[row*width:(row+1)*width], a.hiddenR[i:i+1])
	}
}

func (g *gradients) valueHead(a *activations, f *flows) {
	width := g.config.HiddenSize
	for at, dv := range f.value {
		if dv != 0 {
			kernel.AddScaled(g.value, a.hidden[at*width:(at+1)*width], float32(dv))
			g.valueBias[0] += float32(dv)
		}
	}
}
