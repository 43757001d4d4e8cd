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

func normRows(_, _, _, _ []float32, _ float32) int { return 0 }

func normBackwardRows(_, _, _, _, _ []float32) int { return 0 }

func normWeightRows(_, _, _, _ []float32) int { return 0 }

func softmaxRows(_ Causal, _ []float32, _ float32) int { return 0 }

func softmaxBackwardRows(_ Causal, _, _ []float32, _ float32) int { return 0 }

func expSumBlocks(_, _ []float32, _ float32, _ *[lanes]float32) int { return 0 }

func maximumBlocks(x []float32) (top float32, done int) { return x[0], 1 }

func swigluBlocks(_, _, _, _ []float32) int { return 0 }

func swigluBackwardBlocks(_, _, _, _, _, _ []float32) int { return 0 }

func turnBlocks(_, _, _, _ []float32, _ float32) int { return 0 }

func tileHalf(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	tileHalfPortable(m, k, a, aRow, aCol, b, c, cRow, accumulate)
}

func roundHalfBlocks(_, _ []float32) int { return 0 }

func differBlocks(_, _ []byte, _ float32, _ *Differing) int { return 0 }

func halvePairs(_ []uint32, _ []float32, _, _ int) int { return 0 }

func gatherPanels(_, _ []float32, _, _, _, _ int) int { return 0 }

func transposeBlocks(_ []float32, _ int, _ []float32, _, _ int) int { return 0 }

func squareBlocks(_ []float32, _ *[8]float64) int { return 0 }

func adamBlocks(_, _, _, _ []float32, _ *adamConstants) int { return 0 }

// Peak measures nothing here: no assembly is known for this machine.
func Peak() float64 { return 0 }

// pair computes nothing: no tile here is as wide as two panels.
func pair(_ *factor, _ *operand, _ []float32, _ int, _ bool) bool { return false }

// dots tells that nothing here multiplies halved numbers by halved numbers.
func dots() bool { return false }

func tileDot(_ *factor, _ *operand, _ []float32, _ int, _ bool) {}

// PeakHalf is Peak for products of bfloat16 numbers.
func PeakHalf() float64 { return Peak() }
