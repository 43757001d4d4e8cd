//go:build !noasm

package kernel

func tileHalf(m, k int, a []float32, aRow, aCol int, b []uint32, c []float32, cRow int, accumulate bool) {
	if !useAVX2.Load() || k == 0 {
		tileHalfPortable(m, k, a, aRow, aCol, b, c, cRow, accumulate)
		return
	}
	// The assembly trusts its arguments: the last element of each operand is touched here.
	_, _, _ = a[(m-1)*aRow+(k-1)*aCol], b[k*Panel/2-1], c[(m-1)*cRow+Panel-1]
	if tiles := m / tileRows; tiles > 0 {
		tile6HalfAVX2(tiles, k, &a[0], aRow, aCol, &b[0], &c[0], cRow, accumulate)
	}
	rest := m % tileRows
	if rest == 0 {
		return
	}
	a, c = a[(m-rest)*aRow:], c[(m-rest)*cRow:]
	switch rest {
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

func halve(dst []uint32, src []float32, rows int) {
	if !useAVX2.Load() || rows == 0 {
		halvePortable(dst, src, rows)
		return
	}
	_, _ = dst[rows*Panel/2-1], src[rows*Panel-1]
	halveAVX2(&dst[0], &src[0], rows)
}

func transposeBlocks(dst []float32, dstRow int, src []float32, srcRow, rows, cols int) (done int) {
	blocks := vectors(cols, 8)
	if blocks == 0 {
		return 0
	}
	for done = 0; done+8 <= rows; done += 8 {
		_, _ = dst[(cols-1)*dstRow+done+7], src[(done+7)*srcRow+cols-1]
		transposeAVX2(&dst[done], dstRow, &src[done*srcRow], srcRow, blocks)
		if whole := 8 * blocks; whole < cols {
			transposePortable(dst[whole*dstRow+done:], dstRow, src[done*srcRow+whole:], srcRow, 8, cols-whole)
		}
	}
	return done
}

func adamBlocks(p, g, m, v []float32, c *adamConstants) int {
	blocks := vectors(len(p), 4)
	if blocks > 0 {
		numbers := [...]float64{c.scale, c.beta1, c.rest1, c.beta2, c.rest2, c.step, c.root, c.epsilon, c.keep}
		adamWAVX2(&p[0], &g[0], &m[0], &v[0], blocks, &numbers)
	}
	return blocks * 4
}
