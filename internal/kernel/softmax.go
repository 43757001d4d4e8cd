package kernel

import "math"

// Softmax replaces x by exp(x − max x) / Σ. A row followed by anything gives the same
// bits as the row alone.
func Softmax(x []float32) {
	sum := expShifted(x, x)
	Scale(x, float32(1/sum))
}

// LogSumExp is ln Σ exp(x), finite for every finite x. scratch holds at least len(x)
// numbers and is left with exp(x − max x).
func LogSumExp(x, scratch []float32) float64 {
	sum := expShifted(scratch[:len(x)], x)
	return float64(maximum(x)) + math.Log(float64(sum))
}

// expShifted writes exp(x − max x) and returns its sum, element i added to lane
// i mod 16 in turn, the lanes by the fixed tree.
func expShifted(dst, x []float32) float32 {
	top := maximum(x)
	var l [lanes]float32
	done := expSumBlocks(dst, x, top, &l)
	expSumPortable(dst[done:], x[done:], top, &l)
	return sumLanes(&l)
}

func expSumPortable(dst, x []float32, shift float32, sums *[lanes]float32) {
	for i, v := range x {
		e := Exp(float32(v - shift))
		dst[i] = e
		sums[i%lanes] = float32(sums[i%lanes] + e)
	}
}

func maximum(x []float32) float32 {
	top, done := maximumBlocks(x)
	for _, v := range x[done:] {
		if v > top {
			top = v
		}
	}
	return top
}
