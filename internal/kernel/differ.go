package kernel

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Differing is what pairs of numbers are counted as.
type Differing struct {
	Any      int // x ≠ y, so that 0 and −0 are one number
	Far      int // |x − y| above a bound
	Infinite int // x − y is no finite number; Any and Far say nothing of such a pair
}

func (d *Differing) add(e Differing) {
	d.Any, d.Far, d.Infinite = d.Any+e.Any, d.Far+e.Far, d.Infinite+e.Infinite
}

// differingMost is how many blocks of sixteen are counted at once: no lane overflows.
const differingMost = 1 << 24

// Differ counts pairs of bfloat16 numbers, two bytes each, little-endian. Differences are taken
// in float32; the bound must be in [0, 2⁻¹⁶). a and b are equally long.
func Differ(a, b []byte, far float32) Differing {
	var d Differing
	for len(a) > 0 {
		done := 2 * differBlocks(a, b, far, &d)
		if done == 0 {
			d.add(differPortable(a, b, far))
			break
		}
		a, b = a[done:], b[done:]
	}
	return d
}

// differPortable looks at four pairs at a time. Numbers from 2⁻⁹ on are 2⁻¹⁶ apart at least, so
// that only smaller ones are taken out of their words.
func differPortable(a, b []byte, far float32) (d Differing) {
	le := binary.LittleEndian
	for ; len(a) >= 8 && len(b) >= 8; a, b = a[8:], b[8:] {
		x, y := le.Uint64(a), le.Uint64(b)
		differs := x ^ y
		if !finiteHalves(x) || !finiteHalves(y) || zeroLane(differs^signs) { // the last: 0 and −0, or a sign turned
			for lane := 0; lane < 64; lane += 16 {
				d.one(x>>lane, y>>lane, far)
			}
			continue
		}
		if differs == 0 {
			continue
		}
		moved := ((differs&^signs + ^uint64(signs)) | differs) & signs
		plain := ((x | signs) - large) & ((y | signs) - large) // at the signs' places: both are large
		d.Any += bits.OnesCount64(moved)
		d.Far += bits.OnesCount64(moved & plain)
		for small := moved &^ plain; small != 0; small &= small - 1 {
			lane := bits.TrailingZeros64(small) &^ 15
			d.Far += above(distance(x>>lane, y>>lane), far)
		}
	}
	for ; len(a) >= 2; a, b = a[2:], b[2:] {
		d.one(uint64(le.Uint16(a)), uint64(le.Uint16(b)), far)
	}
	return d
}

// one counts the pair in the lowest sixteen bits.
func (d *Differing) one(x, y uint64, far float32) {
	apart := distance(x, y)
	d.Any += above(apart, 0)
	d.Far += above(apart, far)
	if !(apart < float32(math.Inf(1))) {
		d.Infinite++
	}
}

func distance(x, y uint64) float32 {
	return float32(math.Abs(float64(math.Float32frombits(uint32(x)<<16) - math.Float32frombits(uint32(y)<<16))))
}

func above(x, bound float32) int {
	if x > bound {
		return 1
	}
	return 0
}

// The sign and the exponent of each of four halves, and 2⁻⁹.
const (
	signs     = 0x8000_8000_8000_8000
	exponents = 0x7f80_7f80_7f80_7f80
	large     = 0x3b00_3b00_3b00_3b00
)

// finiteHalves tells whether no exponent of four numbers is all ones.
func finiteHalves(x uint64) bool { return !zeroLane(^x & exponents) }

// zeroLane tells whether one of four lanes is zero.
func zeroLane(x uint64) bool { return (x-0x0001_0001_0001_0001)&^x&signs != 0 }
