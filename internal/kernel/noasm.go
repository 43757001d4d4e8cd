//go:build noasm || !amd64

package kernel

const haveAVX2 = false

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	tilePortable(m, k, a, aRow, aCol, b, bRow, c, cRow, accumulate)
}

func dotBlocks(_, _ []float32, _ *[lanes]float32) int { return 0 }

func expSumBlocks(_, _ []float32, _ float32, _ *[lanes]float32) int { return 0 }

func swigluBlocks(_, _, _, _ []float32) int { return 0 }
