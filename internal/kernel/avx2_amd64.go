//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

var haveAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	if !useAVX2.Load() || k == 0 {
		tilePortable(m, k, a, aRow, aCol, b, bRow, c, cRow, accumulate)
		return
	}
	// The assembly trusts its arguments: the last element of each operand is touched here.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+Panel-1], c[(m-1)*cRow+Panel-1]
	switch m {
	case 6:
		tile6AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 5:
		tile5AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 4:
		tile4AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 3:
		tile3AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 2:
		tile2AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 1:
		tile1AVX2(k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
}

// The functions below do the part of a row that fills whole vectors and return its
// length; the portable function goes on from there.

func dotBlocks(x, y []float32, sums *[lanes]float32) int {
	blocks := len(x) / lanes
	if blocks == 0 || !useAVX2.Load() {
		return 0
	}
	_ = y[len(x)-1]
	dotAVX2(&x[0], &y[0], blocks, sums)
	return blocks * lanes
}

func expSumBlocks(dst, x []float32, shift float32, sums *[lanes]float32) int {
	blocks := len(x) / lanes
	if blocks == 0 || !useAVX2.Load() {
		return 0
	}
	_ = dst[len(x)-1]
	expSumAVX2(&dst[0], &x[0], blocks, shift, sums)
	return blocks * lanes
}

func swigluBlocks(act, sigmoid, gate, up []float32) int {
	blocks := len(gate) / 8
	if blocks == 0 || !useAVX2.Load() {
		return 0
	}
	last := len(gate) - 1
	_, _, _ = act[last], sigmoid[last], up[last]
	swigluAVX2(&act[0], &sigmoid[0], &gate[0], &up[0], blocks)
	return blocks * 8
}
