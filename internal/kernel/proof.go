package kernel

import (
	"encoding/binary"
	"math"
	"slices"
)

// prove leaves in variants those that return the portable bits here and now: speed that
// changes a number is of no use, and not every processor was at hand when the assembly
// was written.
func prove(names []string) []string {
	want := sample(0)
	for i := 1; i < len(names); i++ {
		if !slices.Equal(sample(i), want) {
			return names[:i]
		}
	}
	return names
}

// halves is the upper two bytes of each number.
func halves(x []float32) (out []byte) {
	for _, v := range x {
		out = binary.LittleEndian.AppendUint16(out, uint16(math.Float32bits(v)>>16))
	}
	return out
}

// sample is the bits of some of everything, by one variant.
func sample(variant int) []uint32 {
	defer inUse.Store(inUse.Load())
	inUse.Store(int32(variant))
	const m, n, k = 29, 37, 41
	numbers := func(seed, n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32((seed+i*i*7919)%1999-999) / 256
		}
		return x
	}
	a, b, product, halved := numbers(1, m*k), numbers(2, k*n), numbers(3, m*n), numbers(4, m*n)
	Gemm(product, n, m, n, k, Dense(a, k), b, n, true)
	RoundHalf(a, a)
	var packed Packed
	packed.PackHalf(Dense(b, k).T(), k, n)
	GemmPacked(halved, n, m, Dense(a, m).T(), &packed, false)
	x, w, sum := a[:n], b[:n], numbers(5, n)
	soft, normed, dx, dw := slices.Clone(x), make([]float32, n), numbers(6, n), numbers(7, n)
	act, sigmoid, gate, up := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	Softmax(soft)
	causal, slope := numbers(9, 3*Panel), numbers(10, 3*Panel)
	Causal{Stride: Panel, Rows: 3, Seen: 7, More: 1, Wide: Panel}.Softmax(causal, 0.3)
	Causal{Stride: Panel, Rows: 3, Seen: 7, More: 1, Wide: Panel}.SoftmaxBackward(slope, causal, 0.3)
	rstd := make([]float32, 1)
	RMSNorm(normed, x, w, rstd, 1e-6)
	RMSNormBackward(dx, x, w, sum, rstd)
	RMSNormWeightBackward(dw, x, w, rstd)
	SwiGLU(act, sigmoid, x, w)
	SwiGLUBackward(gate, up, sum, sigmoid, x, w)
	AddScaled(sum, x, 0.3)
	Add(sum, w)
	Scale(sum, 1.7)
	rounded, turned := slices.Clone(product), slices.Clone(a[:2*n])
	RoundHalf(rounded, rounded)
	NewRoPE(3, Frequencies(2*n, 1e4), 1).Rotate(turned, 2)
	p, first, second := slices.Clone(x), numbers(8, n), make([]float32, n)
	AdamW{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-2, WeightDecay: 0.1, Step: 3, Scale: 0.7}.Update(p, w, first, second)
	var bits []uint32
	counted := Differ(halves(product), halves(halved), 1e-5)
	for _, n := range []int{counted.Any, counted.Far, counted.Infinite} {
		bits = append(bits, uint32(n))
	}
	for _, row := range [][]float32{product, halved, soft, causal, slope, normed, dx, dw, act, sigmoid, gate, up, sum, rounded, turned, p, first, second, rstd, {Dot(x, w), maximum(x), float32(SumSquares(x))}} {
		for _, v := range row {
			bits = append(bits, math.Float32bits(v))
		}
	}
	return bits
}
