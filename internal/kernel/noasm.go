//go:build noasm || !(amd64 || arm64)

package kernel

var variants = []string{"portable"}

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	tilePortable(m, k, a, aRow, aCol, b, bRow, c, cRow, accumulate)
}

func dotBlocks(_, _ []float32, _ *[lanes]float32) int { return 0 }

func addBlocks(_, _ []float32) int { return 0 }

func addScaledBlocks(_, _ []float32, _ float32) int { return 0 }

func scaleBlocks(_ []float32, _ float32) int { return 0 }
