// Package diagnose shows what training changed inside a model: how many weights moved and by
// which definition, the rank and the spectrum of what was added, and how far two trainings
// moved the same weights in the same direction.
//
// The measures are those of 2505.11711 (update sparsity, rank, overlap), with the precision
// that decides them named, beside controls: a random matrix of the same numbers, and what
// masks of the same sizes share by chance.
//
// Signs shows, while a model is trained, what a step did to the probabilities of right,
// wrong and unsampled answers, and where the probability of suppressed tokens went.
package diagnose

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Thresholds of what counts as a changed weight.
const (
	Absolute = 1e-5 // 2505.11711, §2: equal if |Δ| ≤ 1e-5
	Relative = 1e-3 // of the larger of the two: below half the spacing of bfloat16 numbers
)

// Counts is how many of some parameters changed, by three definitions.
type Counts struct {
	Parameters int64 `json:"parameters"`
	Bits       int64 `json:"changed_bits"` // the stored numbers differ; 0 and −0 are the same number
	Abs        int64 `json:"-"`            // |Δ| > Absolute
	Rel        int64 `json:"-"`            // |Δ| > Relative · max(|w|, |w′|)
}

func (c *Counts) add(d Counts) {
	c.Parameters, c.Bits, c.Abs, c.Rel = c.Parameters+d.Parameters, c.Bits+d.Bits, c.Abs+d.Abs, c.Rel+d.Rel
}

// Sparsity is the share of parameters that did not change.
type Sparsity struct {
	Bits Float `json:"sparsity_bits"`
	Abs  Float `json:"sparsity_abs"`
	Rel  Float `json:"sparsity_rel"`
}

// Sparsity is 1 − changed/parameters by each definition; NaN of no parameters.
func (c Counts) Sparsity() Sparsity {
	share := func(changed int64) Float { return Float(1 - float64(changed)/float64(c.Parameters)) }
	return Sparsity{share(c.Bits), share(c.Abs), share(c.Rel)}
}

// Float is a number that may be none: NaN is null in JSON.
type Float float64

// MarshalJSON writes a number or null.
func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// blockElements is how many numbers are looked at together.
const blockElements = 1 << 14

// count compares one block of two tensors of equal type and shape. Where bits differ the
// numbers are compared. A difference that is not finite is an error.
func count(base, tuned safetensors.Tensor, from, to int, s *scratch) (Counts, error) {
	c := Counts{Parameters: int64(to - from)}
	if base.DType == safetensors.BF16 {
		return c, c.halves(base.Data[2*from:2*to], tuned.Data[2*from:2*to], from)
	}
	a, b := s.two(to - from)
	base.Floats(a, from)
	tuned.Floats(b, from)
	for i, x := range a {
		if err := c.compare(x, b[i], from+i); err != nil {
			return c, err
		}
	}
	return c, nil
}

// compare looks at one number before and after.
func (c *Counts) compare(x, y float32, at int) error {
	if d := float64(y) - float64(x); math.IsNaN(d) || math.IsInf(d, 0) {
		return fmt.Errorf("element %d is %v before and %v after: the difference is no number", at, x, y)
	}
	c.changed(x, y)
	return nil
}

// halves compares bfloat16 numbers, four at a time. Two that differ in bits differ by more
// than a thousandth, since neighbours are 1/256 apart, so that bits and shares are counted
// together and only |Δ| asks for the numbers.
func (c *Counts) halves(a, b []byte, at int) error {
	le := binary.LittleEndian
	var changed, far int64
	for ; len(a) >= 8 && len(b) >= 8; a, b, at = a[8:], b[8:], at+4 {
		x, y := le.Uint64(a), le.Uint64(b)
		differs := x ^ y
		if !finiteHalves(x) || !finiteHalves(y) || zeroLane(differs^signs) { // the last: 0 and −0, or a sign turned
			for lane := range 4 {
				if err := c.compare(half(x>>(16*lane)), half(y>>(16*lane)), at+lane); err != nil {
					return err
				}
			}
			continue
		}
		if differs == 0 {
			continue
		}
		moved := ((differs&^signs + ^uint64(signs)) | differs) & signs
		changed += int64(bits.OnesCount64(moved))
		plain := ((x | signs) - large) & ((y | signs) - large) // at the signs' places: both are large
		far += int64(bits.OnesCount64(moved & plain))
		for small := moved &^ plain; small != 0; small &= small - 1 {
			shift := bits.TrailingZeros64(small) &^ 15
			if math.Abs(float64(half(y>>shift))-float64(half(x>>shift))) > Absolute {
				far++
			}
		}
	}
	c.Bits, c.Rel, c.Abs = c.Bits+changed, c.Rel+changed, c.Abs+far
	for ; len(a) >= 2; a, b, at = a[2:], b[2:], at+1 {
		if err := c.compare(half(uint64(le.Uint16(a))), half(uint64(le.Uint16(b))), at); err != nil {
			return err
		}
	}
	return nil
}

// The sign and the exponent of each of four halves, and 2⁻⁹: numbers from there on differ by
// 2⁻¹⁶ at least, which is above Absolute.
const (
	signs     = 0x8000_8000_8000_8000
	exponents = 0x7f80_7f80_7f80_7f80
	large     = 0x3b00_3b00_3b00_3b00
)

// half is the number in the lowest sixteen bits.
func half(lanes uint64) float32 { return math.Float32frombits(uint32(lanes) << 16) }

// finiteHalves tells whether no exponent of four numbers is all ones.
func finiteHalves(x uint64) bool { return !zeroLane(^x & exponents) }

// zeroLane tells whether one of four lanes is zero.
func zeroLane(x uint64) bool { return (x-0x0001_0001_0001_0001)&^x&signs != 0 }

// changed is compare for finite numbers.
func (c *Counts) changed(x, y float32) {
	d := math.Abs(float64(y) - float64(x))
	if d == 0 { // 0 and −0
		return
	}
	c.Bits++
	if d > Absolute {
		c.Abs++
	}
	if d > Relative*max(math.Abs(float64(x)), math.Abs(float64(y))) {
		c.Rel++
	}
}

// scratch is memory of one thread.
type scratch struct{ a, b, c []float32 }

func (s *scratch) two(n int) (a, b []float32) {
	if cap(s.a) < n {
		s.a, s.b = make([]float32, n), make([]float32, n)
	}
	return s.a[:n], s.b[:n]
}
