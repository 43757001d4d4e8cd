package native

import (
	"math"

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
}

// sum writes the whole gradient to dst, which has the arena's layout.
func (g *gradients) sum(dst []float32) {
	copy(dst, g.arena)
	kernel.Add(dst[:len(g.tiedHead)], g.tiedHead) // the embedding is first in the arena
}

// merge folds the head's chain into the embedding's.
func (g *gradients) merge() {
	kernel.Add(g.arena[:len(g.tiedHead)], g.tiedHead)
	clear(g.tiedHead)
}

// blockOutputs and blockTokens shape the tasks of a weight's gradient: one task owns
// some of the weight's rows and walks the tokens in runs that stay in cache.
const (
	blockOutputs = 48
	blockTokens  = 256
)

// accumulate adds the batch's gradient: every weight's is dYᵀX. Threads split outputs.
func (g *gradients) accumulate(a *activations, f *flows, threads int) {
	var tasks []func()
	for i := range g.layers {
		tasks = append(tasks, layerTasks(&g.layers[i], &a.layers[i], &f.layers[i], g.config)...)
	}
	c := g.config
	head := g.head
	if g.tiedHead != nil {
		head = g.tiedHead
	}
	tasks = append(tasks, weightTasks(head, a.logits, c.VocabSize, a.hidden, c.HiddenSize)...)
	tasks = append(tasks, g.embedTasks(a, f)...)
	tasks = append(tasks, func() { g.finalNorm(a, f) }, func() { g.valueHead(a, f) })
	kernel.Parallel(threads, len(tasks), func(i int) { tasks[i]() })
}

func layerTasks(g *layer, r *rows, d *layerFlow, c Config) []func() {
	var tasks []func()
	for _, w := range []struct {
		grad, dy []float32
		out      int
		x        []float32
		in       int
	}{
		{g.q, d.qRaw, c.queryWidth(), r.normed, c.HiddenSize},
		{g.k, d.kRaw, c.keyWidth(), r.normed, c.HiddenSize},
		{g.v, d.v, c.keyWidth(), r.normed, c.HiddenSize},
		{g.o, d.mid, c.HiddenSize, r.attended, c.queryWidth()},
		{g.gate, d.gate, c.IntermediateSize, r.midNormed, c.HiddenSize},
		{g.up, d.up, c.IntermediateSize, r.midNormed, c.HiddenSize},
		{g.down, d.out, c.HiddenSize, r.activation, c.IntermediateSize},
	} {
		tasks = append(tasks, weightTasks(w.grad, w.dy, w.out, w.x, w.in)...)
	}
	return append(tasks,
		func() { normWeight(g.inputNorm, d.normed, r.x, r.rstd) },
		func() { normWeight(g.postNorm, d.midNormed, r.mid, r.midRstd) },
		func() { normWeight(g.qNorm, d.q, r.qRaw, r.qRstd) },
		func() { normWeight(g.kNorm, d.k, r.kRaw, r.kRstd) })
}

// weightTasks adds dyᵀ x to grad [out, in]; dy is [N, out], x is [N, in].
func weightTasks(grad, dy []float32, out int, x []float32, in int) []func() {
	n := len(x) / in
	var tasks []func()
	for first := 0; first < out; first += blockOutputs {
		rows := min(blockOutputs, out-first)
		tasks = append(tasks, func() {
			for t := 0; t < n; t += blockTokens {
				kernel.Gemm(grad[first*in:(first+rows)*in], in, rows, in, min(blockTokens, n-t),
					kernel.Dense(dy, out).From(t, first).T(), x[t*in:], in, true)
			}
		})
	}
	return tasks
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
	for from := 0; from < width; from += blockOutputs {
		to := min(from+blockOutputs, width)
		tasks = append(tasks, func() {
			for i, t := range a.tokens {
				kernel.Add(g.embed[int(t)*width+from:int(t)*width+to], f.x[i*width+from:i*width+to])
			}
		})
	}
	return tasks
}

func (g *gradients) finalNorm(a *activations, f *flows) {
	width := g.config.HiddenSize
	for _, s := range a.sequences {
		for t := range s.targets {
			row, at := s.targetRow(t), s.firstTarget+t
			kernel.RMSNormWeightBackward(g.norm, f.hidden[at*width:(at+1)*width], a.x[row*width:(row+1)*width], a.hiddenR[at])
		}
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

// sumSquares is Σ g², added in float64 within blocks of a fixed size and then over
// blocks in order.
func sumSquares(x []float32, threads int) float64 {
	const block = 1 << 16
	parts := make([]float64, (len(x)+block-1)/block)
	kernel.Parallel(threads, len(parts), func(i int) {
		parts[i] = kernel.SumSquares(x[i*block : min((i+1)*block, len(x))])
	})
	var s float64
	for _, p := range parts {
		s += p
	}
	return s
}

// split measures the two halves of the signal: the accumulated gradient before, after
// the right rows, and after the wrong ones. Rows that are neither lie between.
type split struct{ start, right, neither, wrong []float32 }

// norms are ‖right − start‖, ‖wrong − neither‖ and the cosine between the two parts.
func (s *split) norms() (right, wrong, cosine float64) {
	var rr, ww, rw float64
	for i := range s.start {
		r := float64(s.right[i]) - float64(s.start[i])
		w := float64(s.wrong[i]) - float64(s.neither[i])
		rr += r * r
		ww += w * w
		rw += r * w
	}
	right, wrong = math.Sqrt(rr), math.Sqrt(ww)
	return right, wrong, rw / (right * wrong)
}
