//go:build !noasm

package kernel

import (
	"math"
	"slices"
	"testing"
)

// A variant that this machine has the instructions for returns the portable bits; what
// it lacks the instructions for has been assembled and vetted alone.
func TestEveryVariantHereIsProven(t *testing.T) {
	all := []string{"portable", "avx2", "avx512", "avx512bf16"}
	for i, name := range all {
		switch claimed := i <= fastest(); {
		case !claimed:
			t.Logf("%s: assembled and vetted, not run here", name)
		case i >= len(variants):
			t.Errorf("%s does not return the bits of the portable code", name)
		}
	}
}

// What avx512bf16 does otherwise: the instruction takes subnormal numbers for zeros, and
// its last step, when k is odd, turns −0 into 0. All else has the portable bits.
func TestDotsTakeSubnormalsForZeros(t *testing.T) {
	const tiny = 0x1p-70
	product := func(variant string, x, y, start float32) float32 {
		restore, ok := SetVariant(variant)
		defer restore()
		if !ok {
			t.Skipf("this machine has no %s", variant)
		}
		var w Packed
		w.PackHalf(Dense(slices.Repeat([]float32{y}, Panel), Panel), 1, Panel)
		c := slices.Repeat([]float32{start}, Panel)
		GemmPacked(c, Panel, 1, Dense([]float32{x}, 1), &w, true)
		return c[Panel-1]
	}
	for _, c := range []struct{ x, y, start, dots, portable float32 }{
		{tiny, tiny, 0, 0, 0x1p-140},                  // a subnormal result
		{0x1p-130, 1, 1, 1, 1},                        // a subnormal factor
		{0x1p-130, 0x1p100, 0, 0, 0x1p-30},            // the same where it counts
		{0, 1, 0x1p-140, 0, 0x1p-140},                 // a subnormal sum
		{-1, 0, float32(math.Copysign(0, -1)), 0, -0}, // no sign of zero
		{tiny, 0x1p-50, 0, 0x1p-120, 0x1p-120},        // the smallest normal numbers are kept
	} {
		if got := product("avx512bf16", c.x, c.y, c.start); got != c.dots {
			t.Errorf("avx512bf16: %x·%x + %x = %x, want %x", c.x, c.y, c.start, got, c.dots)
		}
		if got := product("portable", c.x, c.y, c.start); got != c.portable {
			t.Errorf("portable: %x·%x + %x = %x, want %x", c.x, c.y, c.start, got, c.portable)
		}
	}
}
