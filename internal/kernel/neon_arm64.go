//go:build !noasm

package kernel

// The variants of arm64: every such machine that Go runs on has NEON.
const (
	portable = iota
	neon
)

var variants = []string{"portable", "neon"}

// tile4NEON is tilePortable with m = 4·tiles and k ≥ 1.
//
//go:noescape
func tile4NEON(tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool)

// tile1NEON is tilePortable with m = tiles and k ≥ 1.
//
//go:noescape
func tile1NEON(tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool)

// tile4HalfNEON is tileHalfPortable with m = 4·tiles and k ≥ 1; rows k and k + 1 of B start at b[k/2·bRow].
//
//go:noescape
func tile4HalfNEON(tiles, k int, a *float32, aRow, aCol int, b *uint32, bRow int, c *float32, cRow int, accumulate bool)

// tile1HalfNEON is tileHalfPortable with m = tiles and k ≥ 1; rows k and k + 1 of B start at b[k/2·bRow].
//
//go:noescape
func tile1HalfNEON(tiles, k int, a *float32, aRow, aCol int, b *uint32, bRow int, c *float32, cRow int, accumulate bool)

// dotNEON is dotPortable for blocks of sixteen.
//
//go:noescape
func dotNEON(x, y *float32, blocks int, sums *[lanes]float32)

// addNEON is Add for blocks of four.
//
//go:noescape
func addNEON(dst, x *float32, blocks int)

// addScaledNEON is AddScaled for blocks of four.
//
//go:noescape
func addScaledNEON(dst, x *float32, blocks int, scale float32)

// scaleNEON is Scale for blocks of four.
//
//go:noescape
func scaleNEON(x *float32, blocks int, scale float32)

// maximumNEON is the maximum of first and blocks of sixteen.
//
//go:noescape
func maximumNEON(x *float32, blocks int, first float32) float32

// expSumNEON is expSumPortable for blocks of sixteen.
//
//go:noescape
func expSumNEON(dst, x *float32, blocks int, shift float32, sums *[lanes]float32)

// swigluNEON is swigluPortable for blocks of four.
//
//go:noescape
func swigluNEON(act, sigmoid, gate, up *float32, blocks int)

// swigluBackwardNEON is swigluBackwardPortable for blocks of four.
//
//go:noescape
func swigluBackwardNEON(dgate, dup, dact, sigmoid, gate, up *float32, blocks int)

// normNEON is normPortable for blocks of four.
//
//go:noescape
func normNEON(y, x, w *float32, blocks int, rstd float32)

// normDotNEON is normDotPortable for blocks of sixteen.
//
//go:noescape
func normDotNEON(dy, x, w *float32, blocks int, sums *[lanes]float32)

// normBackwardNEON is normBackwardPortable for blocks of four.
//
//go:noescape
func normBackwardNEON(dx, dy, x, w *float32, blocks int, rstd, s float32)

// normWeightNEON is normWeightPortable for blocks of four.
//
//go:noescape
func normWeightNEON(dw, dy, x *float32, blocks int, rstd float32)

// turnNEON is turnPortable for blocks of four.
//
//go:noescape
func turnNEON(low, high, cos, sin *float32, blocks int, sign float32)

// roundHalfNEON is RoundHalf for blocks of four.
//
//go:noescape
func roundHalfNEON(dst, x *float32, blocks int)

// halveNEON is halvePortable for pairs of rows of 4·blocks numbers.
//
//go:noescape
func halveNEON(dst *uint32, src *float32, blocks, pairs int)

// transposeNEON is transposePortable for eight rows of 4·blocks numbers.
//
//go:noescape
func transposeNEON(dst *float32, dstRow int, src *float32, srcRow, blocks int)

// gather16NEON copies rows of 16·panels numbers, stride apart, to panels.
//
//go:noescape
func gather16NEON(dst, src *float32, stride, rows, panels int)

// gather24NEON copies rows of 24·panels numbers, stride apart, to panels.
//
//go:noescape
func gather24NEON(dst, src *float32, stride, rows, panels int)

// adamWNEON is adamConstants.update for blocks of two.
//
//go:noescape
func adamWNEON(p, grad, m, v *float32, blocks int, c *adamConstants)

// sumSquaresNEON adds the squares of blocks of eight to their lanes.
//
//go:noescape
func sumSquaresNEON(x *float32, blocks int, sums *[8]float64)

// peakNEON makes 64 fused products a turn, in registers alone.
func peakNEON(turns int)
