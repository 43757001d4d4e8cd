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

func newGradients(c Config) *gradients {
	g := &gradients{params: newParams(c)}
	if c.TiedHead {
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
const taskOutputs = 96

// layerTasks add one layer's part of the gradient. Threads split outputs. The tasks are
// made once and read the batch as it is when they run.
func layerTasks(g *layer, a *activations, at int, f *flows, c Config) []func() {
	d := &f.layer
	r := func() *rows { return &a.layers[at] }
	var tasks []func()
	for _, w := range []struct { // the largest first: nobody waits for it at the end
		grad     []float32
		out, in  int
		operands func() (dy, x []float32)
	}{
		{g.down, c.HiddenSize, c.IntermediateSize, func() (dy, x []float32) { return d.outFactor, r().activation }},
		{g.gate, c.IntermediateSize, c.HiddenSize, func() (dy, x []float32) { return d.gate, r().midNormed }},
		{g.up, c.IntermediateSize, c.HiddenSize, func() (dy, x []float32) { return d.up, r().midNormed }},
		{g.q, c.queryWidth(), c.HiddenSize, func() (dy, x []float32) { return d.qRaw, r().normed }},
		{g.o, c.HiddenSize, c.queryWidth(), func() (dy, x []float32) { return d.midFactor, r().attended }},
		{g.k, c.keyWidth(), c.HiddenSize, func() (dy, x []float32) { return d.kRaw, r().normed }},
		{g.v, c.keyWidth(), c.HiddenSize, func() (dy, x []float32) { return d.v, r().normed }},
	} {
		tasks = append(tasks, weightTasks(w.grad, w.out, w.in, w.operands)...)
	}
	return append(tasks,
		func() { normWeight(g.inputNorm, d.normed, r().x, r().rstd) },
		func() { normWeight(g.postNorm, d.midNormed, r().mid, r().midRstd) },
		func() { normWeight(g.qNorm, d.q, r().qRaw, r().qRstd) },
		func() { normWeight(g.kNorm, d.k, r().kRaw, r().kRstd) })
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
	if g.tiedHead != nil {
		head = g.tiedHead
	}
	return weightTasks(head, c.VocabSize, c.HiddenSize, func() (dz, hidden []float32) {
		return s.batch.logits[:s.held*c.VocabSize], s.batch.hidden[s.from*c.HiddenSize : (s.from+s.held)*c.HiddenSize]
	})
}

// otherTasks add the parts of the embedding, the final norm and the value head.
func (g *gradients) otherTasks(a *activations, f *flows) []func() {
	return append(g.embedTasks(a, f), func() { g.finalNorm(a, f) }, func() { g.valueHead(a, f) })
}

func normWeight(grad, dy, x, rstd []float32) {
	width := len(grad)
	for i, r := range rstd {
		kernel.RMSNormWeightBackward(grad, dy[i*width:(i+1)*width], x[i*width:(i+1)*width], r)
	}
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
		kernel.RMSNormWeightBackward(g.norm, f.hidden[i*width:(i+1)*width], a.x[row*width:(row+1)*width], a.hiddenR[i])
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
