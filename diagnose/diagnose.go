// Package diagnose shows what training changed inside a model: how many weights moved and by
// which definition, the rank and the spectrum of what was added, and how far two trainings
// moved the same weights in the same direction.
//
// The measures are those of 2505.11711 (update sparsity, rank, overlap), with the precision
// that decides them named, beside controls: a random matrix of the same numbers, and what
// masks of the same sizes share by chance.
package diagnose

import (
	"fmt"
	"math"

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
	Bits float64 `json:"sparsity_bits"`
	Abs  float64 `json:"sparsity_abs"`
	Rel  float64 `json:"sparsity_rel"`
}

// Sparsity is 1 − changed/parameters by each definition; NaN of no parameters.
func (c Counts) Sparsity() Sparsity {
	share := func(changed int64) float64 { return 1 - float64(changed)/float64(c.Parameters) }
	return Sparsity{share(c.Bits), share(c.Abs), share(c.Rel)}
}

// blockElements is how many numbers are looked at together.
const blockElements = 1 << 14

// count compares one block of two tensors of equal type and shape. Blocks of equal bytes are
// passed over; where bits differ the numbers are compared. A difference that is not finite is
// an error.
func count(base, tuned safetensors.Tensor, from, to int, s *scratch) (Counts, error) {
	c := Counts{Parameters: int64(to - from)}
	size := len(base.Data) / max(1, base.Elements())
	if string(base.Data[from*size:to*size]) == string(tuned.Data[from*size:to*size]) {
		return c, s.finite(base, from, to)
	}
	a, b := s.two(to - from)
	base.Floats(a, from)
	tuned.Floats(b, from)
	for i, x := range a {
		y := b[i]
		d := float64(y) - float64(x)
		if x == y {
			continue
		}
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return c, fmt.Errorf("element %d is %v before and %v after: the difference is no number", from+i, x, y)
		}
		c.Bits++
		if math.Abs(d) > Absolute {
			c.Abs++
		}
		if math.Abs(d) > Relative*max(math.Abs(float64(x)), math.Abs(float64(y))) {
			c.Rel++
		}
	}
	return c, nil
}

// scratch is memory of one thread.
type scratch struct{ a, b []float32 }

func (s *scratch) two(n int) (a, b []float32) {
	if cap(s.a) < n {
		s.a, s.b = make([]float32, n), make([]float32, n)
	}
	return s.a[:n], s.b[:n]
}

// finite looks for what is no number where nothing differs: NaN equals NaN in bits.
func (s *scratch) finite(t safetensors.Tensor, from, to int) error {
	a, _ := s.two(to - from)
	t.Floats(a, from)
	for i, x := range a {
		if x != x || math.IsInf(float64(x), 0) {
			return fmt.Errorf("element %d is %v: the difference is no number", from+i, x)
		}
	}
	return nil
}
