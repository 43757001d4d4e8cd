package bench

import (
	"context"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// Sizes of what the kernels that are no products walk: more than caches hold.
const (
	manyRows  = 32768
	wide      = 896   // of a residual stream
	headWidth = 64    // of an attention head
	heads     = 14    // a row of wide
	vocabRows = 256   // rows of logits
	vocab     = 50257 // of one row of logits
	weights   = 1 << 24
)

// elementwise are the kernels that memory limits. The bytes of a run are those of its
// inputs and outputs, each once; rows of scratch stay in cache.
func elementwise() []Work {
	const (
		stream = 4 * manyRows * wide
		logits = 4 * vocabRows * vocab
	)
	return []Work{
		moving("softmax", 2*logits, softmaxRows),
		moving("logsumexp", logits, logSumExpRows),
		moving("rmsnorm", 2*stream, normRows),
		moving("swiglu", 4*stream, swigluRows),
		moving("rope", 2*stream, rotateRows),
		moving("adamw", 7*4*weights, updateWeights),
		moving("sumsquares", 4*weights, squareWeights),
	}
}

func moving(name string, bytes float64, prepare func(s *session) func()) Work {
	return Work{Name: name, unit: gbytes, prepare: func(_ context.Context, s *session) (job, error) {
		do := prepare(s)
		return job{Cost{Bytes: bytes}, func(context.Context) error { do(); return nil }}, nil
	}}
}

func softmaxRows(s *session) func() {
	x := numbers(s.Seed, vocabRows*vocab)
	return inParts(s.Threads, vocabRows, func(_, i int) { kernel.Softmax(row(x, i, vocab)) })
}

func logSumExpRows(s *session) func() {
	x := numbers(s.Seed, vocabRows*vocab)
	scratch := make([]float32, s.Threads*vocab)
	out := make([]float64, vocabRows)
	return inParts(s.Threads, vocabRows, func(part, i int) {
		out[i] = kernel.LogSumExp(row(x, i, vocab), row(scratch, part, vocab))
	})
}

func normRows(s *session) func() {
	x, w := numbers(s.Seed, manyRows*wide), numbers(s.Seed+1, wide)
	y, rstd := make([]float32, len(x)), make([]float32, manyRows)
	const block = 64
	return inParts(s.Threads, manyRows/block, func(_, i int) {
		kernel.RMSNorm(row(y, i, block*wide), row(x, i, block*wide), w, row(rstd, i, block), 1e-6)
	})
}

func swigluRows(s *session) func() {
	gate, up := numbers(s.Seed, manyRows*wide), numbers(s.Seed+1, manyRows*wide)
	act, sigmoid := make([]float32, len(gate)), make([]float32, len(gate))
	return inParts(s.Threads, manyRows, func(_, i int) {
		kernel.SwiGLU(row(act, i, wide), row(sigmoid, i, wide), row(gate, i, wide), row(up, i, wide))
	})
}

func rotateRows(s *session) func() {
	x := numbers(s.Seed, manyRows*wide)
	const positions = 128
	angles := kernel.NewRoPE(positions, kernel.Frequencies(headWidth, 1e4), 1)
	return inParts(s.Threads, manyRows, func(_, i int) {
		for h := range heads {
			angles.Rotate(row(row(x, i, wide), h, headWidth), i%positions)
		}
	})
}

func updateWeights(s *session) func() {
	p, g, m, v := numbers(s.Seed, weights), numbers(s.Seed+1, weights), make([]float32, weights), make([]float32, weights)
	rule := kernel.AdamW{LearningRate: 1e-4, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.01, Step: 1, Scale: 1}
	const block = 1 << 16
	return inParts(s.Threads, weights/block, func(_, i int) {
		rule.Update(row(p, i, block), row(g, i, block), row(m, i, block), row(v, i, block))
	})
}

func squareWeights(s *session) func() {
	x := numbers(s.Seed, weights)
	const block = 1 << 16
	out := make([]float64, weights/block)
	return inParts(s.Threads, len(out), func(_, i int) { out[i] = kernel.SumSquares(row(x, i, block)) })
}

// row is row i of a matrix of some width.
func row(x []float32, i, width int) []float32 { return x[i*width : (i+1)*width] }

// inParts gives each thread one run of n rows.
func inParts(threads, n int, do func(part, i int)) func() {
	return func() {
		kernel.Parallel(threads, threads, func(part int) {
			for i := part * n / threads; i < (part+1)*n/threads; i++ {
				do(part, i)
			}
		})
	}
}
