package kernel

import "math"

// fmaExact returns a·b + c rounded once. The product of two float32 is exact in
// float64; their sum with c is rounded there to odd, after which rounding to float32
// cannot round twice (Boldo and Melquiond, "Emulation of FMA and correctly rounded
// sums: proved algorithms using rounding to odd", IEEE ToC 2008).
func fmaExact(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	bits := math.Float64bits(s)
	// Rounding twice differs only where the first result lies on a rounding
	// boundary of float32: halfway between two normal ones, or among subnormals.
	if bits&0x1fffffff != 0x10000000 && math.Abs(s) >= 0x1p-126 {
		return float32(s)
	}
	return float32(roundToOdd(p, z, s))
}

// roundToOdd returns p + z, whose rounded sum is s, rounded to odd: exact sums
// unchanged, others to the neighbour whose last bit is one.
func roundToOdd(p, z, s float64) float64 {
	if math.IsInf(s, 0) || math.IsNaN(s) {
		return s
	}
	// Knuth's two-sum; the conversions forbid fusing.
	zz := float64(s - p)
	lost := float64(p-float64(s-zz)) + float64(z-zz)
	bits := math.Float64bits(s)
	if lost == 0 || bits&1 == 1 {
		return s
	}
	if (lost > 0) == (s > 0) {
		return math.Float64frombits(bits + 1)
	}
	return math.Float64frombits(bits - 1)
}
