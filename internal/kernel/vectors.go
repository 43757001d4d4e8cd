//go:build !noasm && (amd64 || arm64)

package kernel

import (
	"math"
	"time"
)

// The assembly does the part of a row that fills whole vectors; a function …Blocks calls
// it and returns that part's length, and the portable function goes on from there.

// vectors is how many vectors of a width fill a row of n numbers; 0 if they are not to
// be used.
func vectors(n, width int) int {
	if inUse.Load() == portable {
		return 0
	}
	return n / width
}

// nothing fills up the end of a row of exponents: −∞, whose exponential is zero and adds
// nothing to a sum.
var nothing = func() (x [lanes]float32) {
	for i := range x {
		x[i] = float32(math.Inf(-1))
	}
	return x
}()

// rate is the operations a second of the best of three runs; a fused product is two.
func rate(run func(turns int), turns, products int) float64 {
	best := 0.0
	for range 3 {
		start := time.Now()
		run(turns)
		best = max(best, 2*float64(products)*float64(turns)/time.Since(start).Seconds())
	}
	return best
}
