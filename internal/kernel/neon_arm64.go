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

// vectors is how many vectors of a width fill a row of n numbers; 0 if they are not to
// be used.
func vectors(n, width int) int {
	if inUse.Load() == portable {
		return 0
	}
	return n / width
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
