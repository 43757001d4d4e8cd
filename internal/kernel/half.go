package kernel

import "math"

// A half is a bfloat16: the upper sixteen bits of a float32. Products of two halves are
// exact in float32, so a product of rounded numbers is added by the same fused steps as
// any other, and only rounding decides what a bf16 product is.

// RoundHalf rounds x to bfloat16, to nearest, ties to even, in float32's clothes.
// dst and x may be the same.
func RoundHalf(dst, x []float32) {
	done := roundHalfBlocks(dst, x)
	for i, v := range x[done:] {
		dst[done+i] = math.Float32frombits(roundHalf(v) &^ 0xffff)
	}
}

// roundHalf returns the rounded number in the upper sixteen bits. What is not a number
// becomes a quiet one.
func roundHalf(x float32) uint32 {
	bits := math.Float32bits(x)
	if x != x {
		return bits | 0x00400000
	}
	return bits + 0x7fff + bits>>16&1
}

// RoundStochastic rounds x to bfloat16, up or down with probabilities that make the mean x
// itself. Number i is rounded by draw i of the key. Numbers must be finite.
func RoundStochastic(x []float32, key uint64) {
	for i, v := range x {
		chance := mix(key+uint64(i)) >> 48
		x[i] = math.Float32frombits((math.Float32bits(v) + uint32(chance)) &^ 0xffff)
	}
}

// mix is SplitMix64's output function (Steele et al., 2014).
func mix(z uint64) uint64 {
	z = (z + 0x9e3779b97f4a7c15)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// wordsOf is how many words k halved rows of a width take; k may only be odd at the end of
// a matrix.
func wordsOf(k, width int) int { return (k + 1) / 2 * width }

// halve is halvePortable.
func halve(dst []uint32, src []float32, width, rows int) {
	done := 2 * halvePairs(dst, src, width, rows/2)
	halvePortable(dst[done/2*width:], src[done*width:], width, rows-done)
}

// halvePortable rounds rows, two in a word: number i of rows 2r and 2r + 1 is in the upper
// and in the lower half of word i of the pair. After an odd row come zeros.
func halvePortable(dst []uint32, src []float32, width, rows int) {
	for r := 0; r < rows; r += 2 {
		pair := dst[r/2*width : (r/2+1)*width]
		for i, x := range src[r*width : (r+1)*width] {
			pair[i] = roundHalf(x) &^ 0xffff
		}
		if r+1 < rows {
			for i, x := range src[(r+1)*width : (r+2)*width] {
				pair[i] |= roundHalf(x) >> 16
			}
		}
	}
}

// widen is the inverse of halvePortable for a panel.
func widen(dst []float32, src []uint32, rows int) {
	for r := range rows {
		for i, both := range src[r/2*Panel : (r/2+1)*Panel] {
			dst[r*Panel+i] = math.Float32frombits(both << (r % 2 * 16) &^ 0xffff)
		}
	}
}

// tileHalfPortable is tilePortable for halved rows of B: they are widened, some at a
// time, which changes no bit of any product.
func tileHalfPortable(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	const rows = 64
	var wide [rows * Panel]float32
	for k0 := 0; k0 == 0 || k0 < k; k0 += rows {
		n := min(rows, k-k0)
		widen(wide[:], b[wordsOf(k0, Panel):], n)
		tile(m, n, a[k0*aCol:], aRow, aCol, wide[:], Panel, c, cRow, accumulate || k0 > 0)
	}
}
