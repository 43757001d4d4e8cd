package kernel

import "math"

// Softmax replaces x by exp(x − max x) / Σ. A row followed by anything gives the same
// bits as the row alone.
func Softmax(x []float32) {
	sum, _ := expShifted(x, x)
	Scale(x, float32(1/sum))
}

// LogSumExp is ln Σ exp(x), finite for every finite x. scratch holds at least len(x)
// numbers and is left with exp(x − max x).
func LogSumExp(x, scratch []float32) float64 {
	sum, top := expShifted(scratch[:len(x)], x)
	return float64(top) + math.Log(float64(sum))
}

// expShifted writes exp(x − max x) and returns its sum, element i added to lane
// i mod 16 in turn, the lanes by the fixed tree; and max x.
func expShifted(dst, x []float32) (sum, top float32) {
	top = maximum(x)
	var l [lanes]float32
	done := expSumBlocks(dst, x, top, &l)
	expSumPortable(dst[done:], x[done:], top, &l)
	return sumLanes(&l), top
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

// Causal is rows of scores, Stride apart. Of the first row Seen numbers count, at least one;
// of each further row, More than of the one before. The others become zero, up to Wide, a
// multiple of Panel that is at most Stride and at least what the last row sees.
type Causal struct{ Stride, Rows, Seen, More, Wide int }

// Softmax replaces what each row sees by the softmax of scale·x.
func (c Causal) Softmax(x []float32, scale float32) {
	for i := softmaxRows(c, x, scale); i < c.Rows; i++ {
		c.row(x, i, func(seen []float32) {
			Scale(seen, scale)
			Softmax(seen)
		})
	}
}

// SoftmaxBackward turns the gradient d of probabilities p into that of x:
// d_j ← p_j · (d_j − Σ_i d_i p_i) · scale.
func (c Causal) SoftmaxBackward(d, p []float32, scale float32) {
	for i := softmaxBackwardRows(c, d, p, scale); i < c.Rows; i++ {
		c.row(d, i, func(seen []float32) { softmaxBackwardRow(seen, p[i*c.Stride:], scale) })
	}
}

// row does what each sees of it and clears the rest.
func (c Causal) row(x []float32, i int, do func(seen []float32)) {
	row, seen := x[i*c.Stride:i*c.Stride+c.Wide], c.Seen+i*c.More
	do(row[:seen])
	clear(row[seen:])
}

// numbers is how many numbers the rows take from the first to the last.
func (c Causal) numbers() int { return (c.Rows-1)*c.Stride + c.Wide }

func softmaxBackwardRow(d, p []float32, scale float32) {
	sum := Dot(d, p)
	for j, v := range d {
		d[j] = float32(float32(p[j]*float32(v-sum)) * scale)
	}
}
