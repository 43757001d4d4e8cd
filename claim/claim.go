// Package claim holds statements of the literature as programs that can fail: one file a
// claim, with its source, what is measured, under which conditions, and a predicate that was
// written before its result. A claim is run with several seeds; its verdict follows from the
// interval of what was measured, and from nothing else.
package claim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// Verdict is what can be said of a claim.
type Verdict string

// The verdicts: the interval lies within the claim's range, outside of it, or in neither.
const (
	Holds      Verdict = "holds"
	Fails      Verdict = "fails"
	CannotTell Verdict = "cannot tell"
)

// Range is where a claim says that its quantity lies, bounds included.
type Range struct{ Low, High float64 }

// Above and Below are half lines; a claim that something is greater than x is Above(x).
func Above(x float64) Range { return Range{x, math.Inf(1)} }

// Below is the half line up to x.
func Below(x float64) Range { return Range{math.Inf(-1), x} }

// String writes the range as a condition.
func (r Range) String() string {
	switch {
	case math.IsInf(r.High, 1):
		return fmt.Sprintf("above %g", r.Low)
	case math.IsInf(r.Low, -1):
		return fmt.Sprintf("below %g", r.High)
	}
	return fmt.Sprintf("between %g and %g", r.Low, r.High)
}

// Claim is one statement.
type Claim struct {
	ID         string
	Statement  string // what the literature says, as it can be tested here
	Source     string // paper and section
	Literature string // the number there
	Quantity   string // what is measured, with its unit
	Predicate  Range  // where it must lie
	Preset     string // the conditions, in words and keys
	Seeds      int    // ≥ 3

	measure func(ctx context.Context, l *Lab, seed uint64) (found, error)
}

// found is what a seed gave: the claim's quantity, and numbers that it was made of or that
// help to read it.
type found struct {
	value float64
	beside
}

type beside map[string]float64

// just is a value with nothing beside it.
func just(value float64, err error) (found, error) { return found{value: value}, err }

// Hash identifies the conditions of a claim: the SHA-256 of its statement, quantity,
// predicate and preset, in hex. A result under other conditions is not this claim's.
func (c Claim) Hash() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Statement, c.Quantity, c.Predicate.String(), c.Preset}, "\n")))
	return hex.EncodeToString(sum[:])
}

// Judge gives the verdict on measured values, one a seed: their mean, its 95 % interval by
// Student's t over seeds, and where that lies. Fewer than three values, or one that is no
// number, cannot tell.
func (c Claim) Judge(values []float64) (mean float64, interval [2]float64, verdict Verdict) {
	mean, half := meanInterval(values)
	interval = [2]float64{mean - half, mean + half}
	switch {
	case len(values) < 3 || math.IsNaN(half):
		return mean, interval, CannotTell
	case c.Predicate.Low <= interval[0] && interval[1] <= c.Predicate.High:
		return mean, interval, Holds
	case interval[1] < c.Predicate.Low || interval[0] > c.Predicate.High:
		return mean, interval, Fails
	}
	return mean, interval, CannotTell
}

func meanInterval(values []float64) (mean, half float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	if n < 2 {
		return mean, math.NaN()
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(0.975)
	return mean, t * math.Sqrt(squares/(n-1)/n)
}

// All lists the claims in the order of their ids.
func All() []Claim {
	return []Claim{
		c1, c2, c2e, c2s, c3, c3e, c4, c5, c6, c7, c8, c9, c10, c10m,
		e1, e2, e3, e4, e6, e7,
		f1, f2,
		g1,
		h1, h2, h4,
		p1, p2, p2c, p3, p4, p5,
		r2, r5,
		s1, s2, s4, s5, s6, s7,
		y1, y1p, y2, y3, y4, y5,
	}
}

// Find returns a claim by its id; an unknown one is an error that names the nearest.
func Find(id string) (Claim, error) {
	var ids []string
	for _, c := range All() {
		if strings.EqualFold(c.ID, id) {
			return c, nil
		}
		ids = append(ids, c.ID)
	}
	return Claim{}, fmt.Errorf("claim %q is not known: did you mean %q? (claims: %s)", id, nearest.To(strings.ToUpper(id), ids), strings.Join(ids, ", "))
}
