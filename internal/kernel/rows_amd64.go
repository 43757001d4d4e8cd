//go:build !noasm

package kernel

func tile(m, k int, a []float32, aRow, aCol int, b []float32, bRow int, c []float32, cRow int, accumulate bool) {
	variant := inUse.Load()
	if variant == portable || k == 0 {
		tilePortable(m, k, a, aRow, aCol, b, bRow, c, cRow, accumulate)
		return
	}
	// The assembly trusts its arguments: the last element of each operand is touched here.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[(k-1)*bRow+Panel-1], c[(m-1)*cRow+Panel-1]
	if variant >= avx512 {
		tileAVX512(m, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
		return
	}
	tiles, rest := sixes(m)
	if tiles > 0 {
		tile6AVX2(tiles, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
	if rest == 0 {
		return
	}
	a, c = a[(m-rest)*aRow:], c[(m-rest)*cRow:]
	switch rest {
	case 8:
		tile4AVX2(2, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 7:
		tile4AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
		tile3AVX2(1, k, &a[4*aRow], aRow, aCol, &b[0], bRow, &c[4*cRow], cRow, accumulate)
	case 5:
		tile5AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 4:
		tile4AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 3:
		tile3AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 2:
		tile2AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	case 1:
		tile1AVX2(1, k, &a[0], aRow, aCol, &b[0], bRow, &c[0], cRow, accumulate)
	}
}

// pair computes m × 32 outputs from two panels, if the variant in use has tiles so wide.
func pair(a *factor, b *operand, c []float32, cRow int, accumulate bool) bool {
	if inUse.Load() < avx512 || a.k == 0 || b.half != nil && a.half == nil {
		return false
	}
	_ = c[(a.m-1)*cRow+strip-1]
	if a.half != nil {
		pairs := checkDot(a, b.half[b.next:])
		tileDotPairAVX512(a.m, pairs, &a.half[0], a.Row, a.Col, &b.half[0], Panel, b.next, &c[0], cRow, accumulate)
		return true
	}
	_, _ = a.Data[(a.m-1)*a.Row+(a.k-1)*a.Col], b.full[b.next+(a.k-1)*b.row+Panel-1]
	tilePairAVX512(a.m, a.k, &a.Data[0], a.Row, a.Col, &b.full[0], b.row, b.next, &c[0], cRow, accumulate)
	return true
}

// dots tells whether halved numbers are multiplied by halved numbers.
func dots() bool { return inUse.Load() == avx512bf16 }

// tileDot computes m × 16 outputs from halved rows of A and of B.
func tileDot(a *factor, b *operand, c []float32, cRow int, accumulate bool) {
	if a.k == 0 {
		tilePortable(a.m, 0, nil, 0, 0, nil, 0, c, cRow, accumulate)
		return
	}
	_ = c[(a.m-1)*cRow+Panel-1]
	pairs := checkDot(a, b.half)
	tileDotAVX512(a.m, pairs, &a.half[0], a.Row, a.Col, &b.half[0], Panel, &c[0], cRow, accumulate)
}

// checkDot touches the last words of what the assembly reads and counts its pairs of rows.
func checkDot(a *factor, b []uint32) (pairs int) {
	pairs = wordsOf(a.k, 1)
	_, _ = a.half[(a.m-1)*a.Row+(pairs-1)*a.Col], b[pairs*Panel-1]
	return pairs
}

// reach is how many of a row's n numbers the variant in use does, and whether that is
// the whole row: AVX-512 masks the end of a row, AVX2 does whole vectors of the width.
func reach(n, width int) (done int, whole bool) {
	switch inUse.Load() {
	case avx512, avx512bf16:
		return n, true
	case avx2:
		return n - n%width, false
	default:
		return 0, false
	}
}

func dotBlocks(x, y []float32, sums *[lanes]float32) int {
	done, whole := reach(len(x), lanes)
	if done == 0 {
		return 0
	}
	_ = y[len(x)-1]
	if whole {
		dotAVX512(&x[0], &y[0], done, sums)
	} else {
		dotAVX2(&x[0], &y[0], done/lanes, sums)
	}
	return done
}

// expSumBlocks does the whole row: the last numbers are filled up with −∞, whose
// exponential is zero and adds nothing.
func expSumBlocks(dst, x []float32, shift float32, sums *[lanes]float32) int {
	done, whole := reach(len(x), lanes)
	if whole && done > 0 {
		_ = dst[len(x)-1]
		expSumAVX512(&dst[0], &x[0], len(x), shift, sums)
		return len(x)
	}
	if inUse.Load() == portable {
		return 0
	}
	if done > 0 {
		_ = dst[len(x)-1]
		expSumAVX2(&dst[0], &x[0], done/lanes, shift, sums)
	}
	if rest := x[done:]; len(rest) > 0 {
		last := nothing
		copy(last[:], rest)
		expSumAVX2(&last[0], &last[0], 1, shift, sums)
		copy(dst[done:len(x)], last[:])
	}
	return len(x)
}

func maximumBlocks(x []float32) (top float32, done int) {
	done, whole := reach(len(x), 8)
	switch {
	case done == 0:
		return x[0], 1
	case whole:
		return maximumAVX512(&x[0], done, x[0]), done
	default:
		return maximumAVX2(&x[0], done/8, x[0]), done
	}
}

func swigluBlocks(act, sigmoid, gate, up []float32) int {
	done, whole := reach(len(gate), 8)
	if done == 0 {
		return 0
	}
	last := len(gate) - 1
	_, _, _ = act[last], sigmoid[last], up[last]
	if whole {
		swigluAVX512(&act[0], &sigmoid[0], &gate[0], &up[0], done)
	} else {
		swigluAVX2(&act[0], &sigmoid[0], &gate[0], &up[0], done/8)
	}
	return done
}

func swigluBackwardBlocks(dgate, dup, dact, sigmoid, gate, up []float32) int {
	done, whole := reach(len(gate), 8)
	if done == 0 {
		return 0
	}
	last := len(gate) - 1
	_, _, _, _, _ = dgate[last], dup[last], dact[last], sigmoid[last], up[last]
	if whole {
		swigluBackwardAVX512(&dgate[0], &dup[0], &dact[0], &sigmoid[0], &gate[0], &up[0], done)
	} else {
		swigluBackwardAVX2(&dgate[0], &dup[0], &dact[0], &sigmoid[0], &gate[0], &up[0], done/8)
	}
	return done
}

func addBlocks(dst, x []float32) int {
	done, whole := reach(len(x), 8)
	if done == 0 {
		return 0
	}
	_ = dst[len(x)-1]
	if whole {
		addAVX512(&dst[0], &x[0], done)
	} else {
		addAVX2(&dst[0], &x[0], done/8)
	}
	return done
}

func addScaledBlocks(dst, x []float32, scale float32) int {
	done, whole := reach(len(x), 8)
	if done == 0 {
		return 0
	}
	_ = dst[len(x)-1]
	if whole {
		addScaledAVX512(&dst[0], &x[0], done, scale)
	} else {
		addScaledAVX2(&dst[0], &x[0], done/8, scale)
	}
	return done
}

func scaleBlocks(x []float32, scale float32) int {
	done, whole := reach(len(x), 8)
	if done == 0 {
		return 0
	}
	if whole {
		scaleAVX512(&x[0], done, scale)
	} else {
		scaleAVX2(&x[0], done/8, scale)
	}
	return done
}

// normRows does all rows, or none; so do the two after it.
func normRows(y, x, w, rstd []float32, eps float32) (done int) {
	last := len(rstd)*len(w) - 1
	switch variant := inUse.Load(); {
	case last < 0 || variant == portable || variant == avx2 && len(w)%lanes != 0:
		return 0
	case variant == avx2:
		_, _ = y[last], x[last]
		normRowsAVX2(&y[0], &x[0], &w[0], &rstd[0], len(w)/lanes, len(rstd), float64(eps))
	default:
		_, _ = y[last], x[last]
		normRowsAVX512(&y[0], &x[0], &w[0], &rstd[0], len(w), len(rstd), float64(eps))
	}
	return len(rstd)
}

func normBackwardRows(dx, dy, x, w, rstd []float32) (done int) {
	last := len(rstd)*len(w) - 1
	switch variant := inUse.Load(); {
	case last < 0 || variant == portable || variant == avx2 && len(w)%lanes != 0:
		return 0
	case variant == avx2:
		_, _, _ = dx[last], dy[last], x[last]
		normBackwardRowsAVX2(&dx[0], &dy[0], &x[0], &w[0], &rstd[0], len(w)/lanes, len(rstd))
	default:
		_, _, _ = dx[last], dy[last], x[last]
		normBackwardRowsAVX512(&dx[0], &dy[0], &x[0], &w[0], &rstd[0], len(w), len(rstd))
	}
	return len(rstd)
}

func normWeightRows(dw, dy, x, rstd []float32) (done int) {
	last := len(rstd)*len(dw) - 1
	switch variant := inUse.Load(); {
	case last < 0 || variant == portable || variant == avx2 && len(dw)%lanes != 0:
		return 0
	case variant == avx2:
		_, _ = dy[last], x[last]
		normWeightRowsAVX2(&dw[0], &dy[0], &x[0], &rstd[0], len(dw)/lanes, len(rstd))
	default:
		_, _ = dy[last], x[last]
		normWeightRowsAVX512(&dw[0], &dy[0], &x[0], &rstd[0], len(dw), len(rstd))
	}
	return len(rstd)
}

// softmaxRows does all rows, or none; so does the next.
func softmaxRows(c Causal, x []float32, scale float32) (done int) {
	if inUse.Load() < avx512 || c.Rows == 0 {
		return 0
	}
	_ = x[c.numbers()-1]
	softmaxRowsAVX512(&x[0], c.Stride, c.Rows, c.Seen, c.More, c.Wide, scale)
	return c.Rows
}

func softmaxBackwardRows(c Causal, d, p []float32, scale float32) (done int) {
	if inUse.Load() < avx512 || c.Rows == 0 {
		return 0
	}
	_, _ = d[c.numbers()-1], p[c.numbers()-1]
	softmaxBackwardRowsAVX512(&d[0], &p[0], c.Stride, c.Rows, c.Seen, c.More, c.Wide, scale)
	return c.Rows
}

func turnBlocks(low, high, cos, sin []float32, sign float32) int {
	done, whole := reach(len(cos), 8)
	if done == 0 {
		return 0
	}
	last := len(cos) - 1
	_, _, _ = low[last], high[last], sin[last]
	if whole {
		turnAVX512(&low[0], &high[0], &cos[0], &sin[0], done, sign)
	} else {
		turnAVX2(&low[0], &high[0], &cos[0], &sin[0], done/8, sign)
	}
	return done
}

// sixes cuts m rows into tiles of six and a rest of at most eight: one or two rows alone
// would wait for their sums, so they share with the last six.
func sixes(m int) (tiles, rest int) {
	tiles, rest = m/6, m%6
	if tiles > 0 && (rest == 1 || rest == 2) {
		return tiles - 1, rest + 6
	}
	return tiles, rest
}

func tileHalf(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	variant := inUse.Load()
	if variant == portable || k == 0 {
		tileHalfPortable(m, k, a, aRow, aCol, b, c, cRow, accumulate)
		return
	}
	// The assembly trusts its arguments: the last element of each operand is touched here.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[wordsOf(k, Panel)-1], c[(m-1)*cRow+Panel-1]
	if variant >= avx512 {
		tileHalfAVX512(m, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
		return
	}
	tiles, rest := sixes(m)
	if tiles > 0 {
		tile6HalfAVX2(tiles, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	}
	if rest == 0 {
		return
	}
	a, c = a[(m-rest)*aRow:], c[(m-rest)*cRow:]
	switch rest {
	case 8:
		tile4HalfAVX2(2, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	case 7:
		tile4HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
		tile3HalfAVX2(1, k, &a[4*aRow], aRow, aCol, &b[0], &c[4*cRow], cRow, accumulate)
	case 5:
		tile5HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	case 4:
		tile4HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	case 3:
		tile3HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	case 2:
		tile2HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	case 1:
		tile1HalfAVX2(1, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	}
}

func roundHalfBlocks(dst, x []float32) int {
	blocks := vectors(len(x), 8)
	if blocks > 0 {
		_ = dst[len(x)-1]
		roundHalfAVX2(&dst[0], &x[0], blocks)
	}
	return blocks * 8
}

func halvePairs(dst []uint32, src []float32, width, pairs int) int {
	if inUse.Load() == portable || width%8 != 0 || pairs == 0 {
		return 0
	}
	_, _ = dst[pairs*width-1], src[2*pairs*width-1]
	halveAVX2(&dst[0], &src[0], width/8, pairs)
	return pairs
}

func gatherPanels(dst, src []float32, stride, rows, width, panels int) (done int) {
	if inUse.Load() == portable || rows == 0 || panels == 0 {
		return 0
	}
	_, _ = dst[rows*panels*width-1], src[(rows-1)*stride+panels*width-1]
	switch width {
	case Panel:
		gather16AVX2(&dst[0], &src[0], stride, rows, panels)
	case rowGroup:
		gather24AVX2(&dst[0], &src[0], stride, rows, panels)
	default:
		return 0
	}
	return panels
}

func transposeBlocks(dst []float32, dstRow int, src []float32, srcRow, cols int) (done int) {
	blocks := vectors(cols, 8)
	if blocks > 0 {
		_, _ = dst[(cols-1)*dstRow+transposed-1], src[(transposed-1)*srcRow+cols-1]
		transposeAVX2(&dst[0], dstRow, &src[0], srcRow, blocks)
	}
	return blocks * 8
}

func squareBlocks(x []float32, sums *[8]float64) int {
	blocks := vectors(len(x), 8)
	if blocks > 0 {
		sumSquaresAVX2(&x[0], blocks, sums)
	}
	return blocks * 8
}

func adamBlocks(p, g, m, v []float32, c *adamConstants) int {
	blocks := vectors(len(p), 4)
	if blocks > 0 {
		numbers := [...]float64{c.scale, c.beta1, c.rest1, c.beta2, c.rest2, c.step, c.root, c.epsilon, c.keep}
		adamWAVX2(&p[0], &g[0], &m[0], &v[0], blocks, &numbers)
	}
	return blocks * 4
}

// Peak measures how many floating-point operations a second one core can make in this
// program at best: fused products in registers, for about ten milliseconds. It is 0
// where nothing faster than the portable code is known.
func Peak() float64 {
	const turns = 100_000
	switch len(variants) - 1 {
	case avx512, avx512bf16:
		return rate(peakAVX512, turns, 384)
	case avx2:
		return rate(peakAVX2, turns, 192)
	default:
		return 0
	}
}

// PeakHalf is Peak for products of bfloat16 numbers.
func PeakHalf() float64 {
	if len(variants)-1 < avx512bf16 {
		return Peak()
	}
	return rate(peakDotAVX512, 100_000, 768)
}

// differBlocks counts the pairs that fill vectors.
func differBlocks(a, b []byte, far float32, d *Differing) (pairs int) {
	blocks := min(vectors(len(a)/2, 16), differingMost)
	if blocks == 0 {
		return 0
	}
	_ = b[32*blocks-1]
	var found [24]int32
	differAVX2(&a[0], &b[0], blocks, far, &found)
	for lane := range 8 {
		d.add(Differing{int(found[lane]), int(found[8+lane]), int(found[16+lane])})
	}
	return 16 * blocks
}
