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

// halvePortable rounds rows of a panel: number i of the eight is column i in its lower
// and column i + 8 in its upper half, which two instructions widen again.
func halvePortable(dst []uint32, src []float32, rows int) {
	for r := range rows {
		for i := range Panel / 2 {
			low, high := roundHalf(src[r*Panel+i]), roundHalf(src[r*Panel+Panel/2+i])
			dst[r*Panel/2+i] = low>>16 | high&^0xffff
		}
	}
}

// widen is the inverse of halvePortable.
func widen(dst []float32, src []uint32, rows int) {
	for r := range rows {
		for i, both := range src[r*Panel/2 : (r+1)*Panel/2] {
			dst[r*Panel+i] = math.Float32frombits(both << 16)
			dst[r*Panel+Panel/2+i] = math.Float32frombits(both &^ 0xffff)
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
		widen(wide[:], b[k0*Panel/2:], n)
		tile(m, n, a[k0*aCol:], aRow, aCol, wide[:], Panel, c, cRow, accumulate || k0 > 0)
	}
}
