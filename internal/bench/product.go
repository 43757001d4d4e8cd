package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// extent is a layer's product: m rows of k inputs become n outputs.
type extent struct{ m, n, k int }

func (e extent) String() string { return fmt.Sprintf("%dx%dx%d", e.m, e.n, e.k) }

// forwardExtents are a square product and projections of the models in model.go: few
// rows and many, wide and narrow.
var forwardExtents = []extent{
	{1024, 1024, 1024},
	{512, 96, 96},
	{512, 736, 256},
	{512, 256, 736},
	{512, 2048, 768},
	{512, 768, 2048},
	{512, 4864, 896},
	{512, 896, 4864},
	{16384, 256, 96},
	{16384, 96, 256},
	{16384, 736, 256},
	{16384, 256, 736},
	{16384, 768, 768},
	{16384, 896, 4864},
}

var halfExtents = []extent{{1024, 1024, 1024}, {512, 4864, 896}}

var backwardExtents = []extent{
	{1024, 1024, 1024}, {512, 2048, 768}, {512, 896, 4864}, {16384, 256, 96}, {16384, 736, 256}, {16384, 256, 736},
}

// products are named after the layer that they belong to, M×N×K, in all orientations:
// Y [M, N] = X [M, K] · Wᵀ, dX [M, K] = dY [M, N] · W, dW [N, K] = dYᵀ · X.
func products() []Work {
	var works []Work
	add := func(kind string, extents []extent, multiply func(e extent) multiply) {
		for _, e := range extents {
			w := product(kind+e.String(), e, multiply(e))
			w.half = strings.Contains(kind, "bf16")
			works = append(works, w)
		}
	}
	add("gemm/f32/", forwardExtents, func(e extent) multiply { return forward(e, false) })
	add("gemm/bf16/", halfExtents, func(e extent) multiply { return forward(e, true) })
	add("gemm_dx/f32/", backwardExtents, backward)
	add("gemm_dw/f32/", backwardExtents, weightGradient)
	return works
}

// cost counts every operand once.
func (e extent) cost() Cost {
	m, n, k := float64(e.m), float64(e.n), float64(e.k)
	return Cost{Flops: 2 * m * n * k, Bytes: 4 * (m*k + n*k + m*n)}
}

// multiply makes operands and a product c of them that run computes.
type multiply func(s *session) (c []float32, run func())

func product(name string, e extent, prepare multiply) Work {
	return Work{Name: name, unit: gflops, prepare: func(_ context.Context, s *session) (job, error) {
		_, do := prepare(s)
		return job{e.cost(), func(context.Context) error { do(); return nil }}, nil
	}}
}

// forward multiplies by weights that are packed beforehand, as the engine packs them once
// for many products; backward by weights as they lie, as the engine does.
func forward(e extent, half bool) multiply {
	return func(s *session) (c []float32, run func()) {
		var w kernel.Packed
		pack, x := (*kernel.Packed).Pack, numbers(s.Seed+1, e.m*e.k)
		if half {
			pack = (*kernel.Packed).PackHalf
			kernel.RoundHalf(x, x)
		}
		pack(&w, kernel.Dense(numbers(s.Seed, e.n*e.k), e.k).T(), e.k, e.n)
		c = make([]float32, e.m*e.n)
		return c, byRows(e.m, s.Threads, func(from, to int) {
			kernel.GemmPacked(c[from*e.n:], e.n, to-from, kernel.Dense(x[from*e.k:], e.k), &w, false)
		})
	}
}

func backward(e extent) multiply {
	return func(s *session) (dx []float32, run func()) {
		w, dy := numbers(s.Seed, e.n*e.k), numbers(s.Seed+1, e.m*e.n)
		dx = make([]float32, e.m*e.k)
		return dx, byRows(e.m, s.Threads, func(from, to int) {
			kernel.Gemm(dx[from*e.k:], e.k, to-from, e.k, e.n, kernel.Dense(dy[from*e.n:], e.n), w, e.k, false)
		})
	}
}

// byRows runs multiply for m rows; threads split them.
func byRows(m, threads int, multiply func(from, to int)) (run func()) {
	parts, size := split(m, 192, threads)
	task := func(i int) { multiply(i*size, min(m, (i+1)*size)) }
	return func() { kernel.Parallel(threads, parts, task) }
}

// split cuts n rows into parts of at most so many, a multiple of the threads.
func split(n, most, threads int) (parts, size int) {
	parts = (n + most - 1) / most
	parts = (parts + threads - 1) / threads * threads
	size = (n + parts - 1) / parts
	return (n + size - 1) / size, size
}

// taskOutputs is how many of a weight's rows one task of its gradient owns at most.
const taskOutputs = 192

func weightGradient(e extent) multiply {
	return func(s *session) (dw []float32, run func()) {
		dy, x := numbers(s.Seed, e.m*e.n), numbers(s.Seed+1, e.m*e.k)
		dw = make([]float32, e.n*e.k)
		parts, size := split(e.n, taskOutputs, s.Threads)
		task := func(i int) {
			first := i * size
			outputs := min(size, e.n-first)
			part := dw[first*e.k : (first+outputs)*e.k]
			clear(part)
			kernel.GemmOuter(part, e.k, outputs, e.k, e.m, dy[first:], e.n, x, e.k)
		}
		return dw, func() { kernel.Parallel(s.Threads, parts, task) }
	}
}

// numbers are n numbers in [-1, 1) from a seed, the first 4099 again and again: a prime,
// so that no two rows of a matrix are the same.
func numbers(seed uint64, n int) []float32 {
	source := draw.New(seed, "bench numbers")
	out := make([]float32, n)
	for i := range min(n, 4099) {
		out[i] = float32(2*source.Float64(uint64(i)) - 1)
	}
	for done := 4099; done < n; done *= 2 {
		copy(out[done:], out[:done])
	}
	return out
}
