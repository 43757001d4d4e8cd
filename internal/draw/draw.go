// Package draw gives every random draw an address. A Source names a point in a
// tree of draws (seed, purpose, step, problem, sample, …); a draw is a pure
// function of its Source and its position. Nothing is consumed, so the order in
// which draws are made, and by how many threads, cannot change them.
//
// The function is Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy
// as 1, 2, 3", SC 2011), keyed by the Source, counted by the position.
package draw

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// Source is an address in the tree of draws.
type Source struct{ k0, k1 uint64 }

// New returns the root of all draws of one purpose under a seed.
func New(seed uint64, purpose string) Source {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return Source{seed, h.Sum64()}
}

// At descends: the address of the i-th child, of its j-th child, and so on.
func (s Source) At(path ...uint64) Source {
	for _, i := range path {
		x := philox([4]uint64{i, 0, 0, 1}, s.k0, s.k1)
		s = Source{x[0], x[1]}
	}
	return s
}

// Named descends to the child with a name.
func (s Source) Named(name string) Source {
	h := fnv.New64a()
	h.Write([]byte(name))
	return s.At(h.Sum64())
}

// Uint64 is the draw at a position: uniform over all 64-bit values.
func (s Source) Uint64(position uint64) uint64 {
	return philox([4]uint64{position, 0, 0, 0}, s.k0, s.k1)[0]
}

// Float64 is the draw at a position as a number in [0, 1), a multiple of 2⁻⁵³.
func (s Source) Float64(position uint64) float64 {
	return float64(s.Uint64(position)>>11) / (1 << 53)
}

// Normal is the draw at a position as a standard normal number (Box-Muller).
func (s Source) Normal(position uint64) float64 {
	x := philox([4]uint64{position, 0, 0, 0}, s.k0, s.k1)
	u := (float64(x[0]>>11) + 1) / (1 << 53) // (0, 1]: its logarithm is finite
	v := float64(x[1]>>11) / (1 << 53)
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

// IntN is the draw at a position as an integer in [0, n). The bias of the
// multiply-shift reduction is below n/2⁶⁴. It panics if n ≤ 0.
func (s Source) IntN(position uint64, n int) int {
	if n <= 0 {
		panic("draw: IntN needs n > 0")
	}
	hi, _ := bits.Mul64(s.Uint64(position), uint64(n))
	return int(hi)
}

// Perm is a uniform permutation of 0 … n-1 (Fisher-Yates over positions 0 … n-1).
func (s Source) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.IntN(uint64(i), i+1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

func philox(c [4]uint64, k0, k1 uint64) [4]uint64 {
	for range 10 {
		hi0, lo0 := bits.Mul64(0xD2E7470EE14C6C93, c[0])
		hi1, lo1 := bits.Mul64(0xCA5A826395121157, c[2])
		c = [4]uint64{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0 += 0x9E3779B97F4A7C15
		k1 += 0xBB67AE8584CAA73B
	}
	return c
}
