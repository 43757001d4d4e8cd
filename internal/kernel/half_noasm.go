//go:build noasm || !amd64

package kernel

func tileHalf(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	tileHalfPortable(m, k, a, aRow, aCol, b, c, cRow, accumulate)
}

func roundHalfBlocks(_, _ []float32) int { return 0 }

func halve(dst []uint32, src []float32, rows int) { halvePortable(dst, src, rows) }

func transposeBlocks(_ []float32, _ int, _ []float32, _, _, _ int) int { return 0 }

func adamBlocks(_, _, _, _ []float32, _ *adamConstants) int { return 0 }
