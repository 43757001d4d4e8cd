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

	"github.com/negativa-lab/negativa/internal/kernel"
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
// numbers are compared. A difference that is not finite in float32, in which
// 2505.11711 takes it, is an error.
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
	if d := float64(y - x); math.IsNaN(d) || math.IsInf(d, 0) {
		return fmt.Errorf("element %d is %v before and %v after: the difference is no number that float32 holds", at, x, y)
	}
	c.changed(x, y)
	return nil
}

// halves compares bfloat16 numbers. Two that differ in bits differ by more than a thousandth,
// since neighbours are 1/256 apart, so that bits and shares are counted together. Differences
// near Absolute are exact in float32: no two such numbers are within its rounding of it. Where
// a difference is no number, all are compared one by one, to find it.
func (c *Counts) halves(a, b []byte, at int) error {
	d := kernel.Differ(a, b, Absolute)
	if d.Infinite == 0 {
		c.Bits, c.Rel, c.Abs = c.Bits+int64(d.Any), c.Rel+int64(d.Any), c.Abs+int64(d.Far)
		return nil
	}
	for i := 0; i < len(a); i += 2 {
		x, y := binary.LittleEndian.Uint16(a[i:]), binary.LittleEndian.Uint16(b[i:])
		if err := c.compare(half(x), half(y), at+i/2); err != nil {
			return err
		}
	}
	return nil
}

// half is the number that bits of bfloat16 stand for.
func half(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }

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
