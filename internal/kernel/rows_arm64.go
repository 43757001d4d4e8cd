//go:build !noasm

package kernel

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	if inUse.Load() == portable || k == 0 {
		tilePortable(m, k, a, aRow, aCol, b, bRow, c, cRow, accumulate)
		return
	}
	// The assembly trusts its arguments: the last element of each operand is touched here.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+Panel-1], c[(m-1)*cRow+Panel-1]
	if tiles := m / 4; tiles > 0 {
		tile4NEON(tiles, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
	if rest := m % 4; rest > 0 {
		a, c = a[(m-rest)*aRow:], c[(m-rest)*cRow:]
		tile1NEON(rest, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
}

func tileHalf(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	if inUse.Load() == portable || k == 0 {
		tileHalfPortable(m, k, a, aRow, aCol, b, c, cRow, accumulate)
		return
	}
	const bRow = Panel
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[wordsOf(k, Panel)-1], c[(m-1)*cRow+Panel-1]
	if tiles := m / 4; tiles > 0 {
		tile4HalfNEON(tiles, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
	if rest := m % 4; rest > 0 {
		a, c = a[(m-rest)*aRow:], c[(m-rest)*cRow:]
		tile1HalfNEON(rest, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
}

func dotBlocks(x, y []float32, sums *[lanes]float32) int {
	blocks := vectors(len(x), lanes)
	if blocks > 0 {
		_ = y[len(x)-1]
		dotNEON(&x[0], &y[0], blocks, sums)
	}
	return blocks * lanes
}

func addBlocks(dst, x []float32) int {
	blocks := vectors(len(x), 4)
	if blocks > 0 {
		_ = dst[len(x)-1]
		addNEON(&dst[0], &x[0], blocks)
	}
	return blocks * 4
}

func addScaledBlocks(dst, x []float32, scale float32) int {
	blocks := vectors(len(x), 4)
	if blocks > 0 {
		_ = dst[len(x)-1]
		addScaledNEON(&dst[0], &x[0], blocks, scale)
	}
	return blocks * 4
}

func scaleBlocks(x []float32, scale float32) int {
	blocks := vectors(len(x), 4)
	if blocks > 0 {
		scaleNEON(&x[0], blocks, scale)
	}
	return blocks * 4
}

func maximumBlocks(x []float32) (top float32, done int) {
	blocks := vectors(len(x), lanes)
	if blocks == 0 {
		return x[0], 1
	}
	return maximumNEON(&x[0], blocks, x[0]), blocks * lanes
}

// expSumBlocks does the whole row, its end filled up with nothing.
func expSumBlocks(dst, x []float32, shift float32, sums *[lanes]float32) int {
	if inUse.Load() == portable {
		return 0
	}
	done := len(x) - len(x)%lanes
	if done > 0 {
		_ = dst[len(x)-1]
		expSumNEON(&dst[0], &x[0], done/lanes, shift, sums)
	}
	if rest := x[done:]; len(rest) > 0 {
		last := nothing
		copy(last[:], rest)
		expSumNEON(&last[0], &last[0], 1, shift, sums)
		copy(dst[done:len(x)], last[:])
	}
	return len(x)
}

func swigluBlocks(act, sigmoid, gate, up []float32) int {
	blocks := vectors(len(gate), 4)
	if blocks > 0 {
		last := len(gate) - 1
		_, _, _ = act[last], sigmoid[last], up[last]
		swigluNEON(&act[0], &sigmoid[0], &gate[0], &up[0], blocks)
	}
	return blocks * 4
}

func swigluBackwardBlocks(dgate, dup, dact, sigmoid, gate, up []float32) int {
	blocks := vectors(len(gate), 4)
	if blocks > 0 {
		last := len(gate) - 1
		_, _, _, _, _ = dgate[last], dup[last], dact[last], sigmoid[last], up[last]
		swigluBackwardNEON(&dgate[0], &dup[0], &dact[0], &sigmoid[0], &gate[0], &up[0], blocks)
	}
	return blocks * 4
}

func normRows(y, x, w, rstd []float32, eps float32) (done int) {
	n, blocks := len(w), vectors(len(w), 4)
	if blocks == 0 {
		return 0
	}
	for i := range rstd {
		y, x := y[i*n:(i+1)*n], x[i*n:(i+1)*n]
		rstd[i] = factorOf(x, eps)
		normNEON(&y[0], &x[0], &w[0], blocks, rstd[i])
		normPortable(y[4*blocks:], x[4*blocks:], w[4*blocks:], rstd[i])
	}
	return len(rstd)
}

func normBackwardRows(dx, dy, x, w, rstd []float32) (done int) {
	n, blocks := len(w), vectors(len(w), lanes)
	if blocks == 0 {
		return 0
	}
	rest := lanes * blocks
	for i, factor := range rstd {
		dx, dy, x := dx[i*n:(i+1)*n], dy[i*n:(i+1)*n], x[i*n:(i+1)*n]
		var l [lanes]float32
		normDotNEON(&dy[0], &x[0], &w[0], blocks, &l)
		normDotPortable(dy[rest:], x[rest:], w[rest:], &l)
		s := pull(&l, n, factor)
		normBackwardNEON(&dx[0], &dy[0], &x[0], &w[0], rest/4, factor, s)
		normBackwardPortable(dx[rest:], dy[rest:], x[rest:], w[rest:], factor, s)
	}
	return len(rstd)
}

func normWeightRows(dw, dy, x, rstd []float32) (done int) {
	n, blocks := len(dw), vectors(len(dw), 4)
	if blocks == 0 {
		return 0
	}
	for i, factor := range rstd {
		dy, x := dy[i*n:(i+1)*n], x[i*n:(i+1)*n]
		normWeightNEON(&dw[0], &dy[0], &x[0], blocks, factor)
		normWeightPortable(dw[4*blocks:], dy[4*blocks:], x[4*blocks:], factor)
	}
	return len(rstd)
}

func softmaxRows(_ Causal, _ []float32, _ float32) int { return 0 }

func softmaxBackwardRows(_ Causal, _, _ []float32, _ float32) int { return 0 }

func turnBlocks(low, high, cos, sin []float32, sign float32) int {
	blocks := vectors(len(cos), 4)
	if blocks > 0 {
		last := len(cos) - 1
		_, _, _ = low[last], high[last], sin[last]
		turnNEON(&low[0], &high[0], &cos[0], &sin[0], blocks, sign)
	}
	return blocks * 4
}

func roundHalfBlocks(dst, x []float32) int {
	blocks := vectors(len(x), 4)
	if blocks > 0 {
		_ = dst[len(x)-1]
		roundHalfNEON(&dst[0], &x[0], blocks)
	}
	return blocks * 4
}

func halvePairs(dst []uint32, src []float32, width, pairs int) int {
	if inUse.Load() == portable || width%4 != 0 || pairs == 0 {
		return 0
	}
	_, _ = dst[pairs*width-1], src[2*pairs*width-1]
	halveNEON(&dst[0], &src[0], width/4, pairs)
	return pairs
}

func gatherPanels(dst, src []float32, stride, rows, width, panels int) (done int) {
	if inUse.Load() == portable || rows == 0 || panels == 0 {
		return 0
	}
	_, _ = dst[rows*panels*width-1], src[(rows-1)*stride+panels*width-1]
	switch width {
	case Panel:
		gather16NEON(&dst[0], &src[0], stride, rows, panels)
	case rowGroup:
		gather24NEON(&dst[0], &src[0], stride, rows, panels)
	default:
		return 0
	}
	return panels
}

func transposeBlocks(dst []float32, dstRow int, src []float32, srcRow, cols int) (done int) {
	blocks := vectors(cols, 4)
	if blocks > 0 {
		_, _ = dst[(cols-1)*dstRow+transposed-1], src[(transposed-1)*srcRow+cols-1]
		transposeNEON(&dst[0], dstRow, &src[0], srcRow, blocks)
	}
	return blocks * 4
}

func squareBlocks(x []float32, sums *[8]float64) int {
	blocks := vectors(len(x), 8)
	if blocks > 0 {
		sumSquaresNEON(&x[0], blocks, sums)
	}
	return blocks * 8
}

func adamBlocks(p, g, m, v []float32, c *adamConstants) int {
	blocks := vectors(len(p), 2)
	if blocks > 0 {
		adamWNEON(&p[0], &g[0], &m[0], &v[0], blocks, c)
	}
	return blocks * 2
}

// Peak measures how many floating-point operations a second one core can make in this
// program at best: fused products in registers, for some milliseconds. It is 0 where
// nothing faster than the portable code is known.
func Peak() float64 {
	if len(variants)-1 != neon {
		return 0
	}
	return rate(peakNEON, 100_000, 64)
}

// pair computes nothing: no tile here is as wide as two panels.
func pair(_ *factor, _ *operand, _ []float32, _ int, _ bool) bool { return false }

// dots tells that nothing here multiplies halved numbers by halved numbers.
func dots() bool { return false }

func tileDot(_ *factor, _ *operand, _ []float32, _ int, _ bool) {}

// PeakHalf is Peak for products of bfloat16 numbers.
func PeakHalf() float64 { return Peak() }

func differBlocks(_, _ []byte, _ float32, _ *Differing) int { return 0 }
