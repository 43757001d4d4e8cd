package eval_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/draw"
)

// narrow solves half of the problems nine times in ten and the others never; wide solves
// each three times in ten. So wide catches narrow where 1 − 0.7^k = (1 − 0.1^k)/2.
func narrowAndWide(seed uint64, problems, n int) (narrow, wide eval.Evaluation) {
	for i := range problems {
		source := draw.New(seed, "problem").At(uint64(i))
		of := func(name string, p float64) (c int) {
			for j := range n {
				if source.Named(name).Float64(uint64(j)) < p {
					c++
				}
			}
			return c
		}
		rate := 0.0
		if source.Float64(0) < 0.5 {
			rate = 0.9
		}
		id := fmt.Sprint(i)
		narrow.Counts = append(narrow.Counts, eval.Count{ID: id, N: n, C: of("narrow", rate)})
		wide.Counts = append(wide.Counts, eval.Count{ID: id, N: n, C: of("wide", 0.3)})
	}
	return narrow, wide
}

// TestCrossingCovers: the true crossing of the two populations, on the line between k = 1
// and 2 in log k, lies in the 95 % interval about 95 times in a hundred.
func TestCrossingCovers(t *testing.T) {
	at1, at2 := 0.45-0.3, 0.495-0.51
	truth := math.Pow(2, at1/(at1-at2))
	const sets = 150
	covered := 0
	for seed := range uint64(sets) {
		narrow, wide := narrowAndWide(seed, 150, 16)
		c := compare(t, narrow, wide).Crossing
		if c == nil || c.Low == nil {
			t.Fatalf("set %d: %+v", seed, c)
		}
		if *c.Low <= truth && (c.High == nil || truth <= *c.High) {
			covered++
		}
	}
	if share := float64(covered) / sets; share < 0.90 || share > 0.995 {
		t.Errorf("the interval held the crossing, %.3f, in %.1f%% of %d sets", truth, 100*share, sets)
	}
}

func TestBoundarySwaps(t *testing.T) {
	narrow, wide := narrowAndWide(1, 80, 16)
	ab, ba := compare(t, narrow, wide), compare(t, wide, narrow)
	if ab.Crossing.Leader != "A" || ba.Crossing.Leader != "B" || *ab.Crossing.K != *ba.Crossing.K || *ab.Crossing.Low != *ba.Crossing.Low {
		t.Errorf("crossing %+v swapped is %+v", ab.Crossing, ba.Crossing)
	}
	if ab.SamplingGap.A != ba.SamplingGap.B || ab.SamplingGap.B != ba.SamplingGap.A {
		t.Errorf("gap %+v swapped is %+v", ab.SamplingGap, ba.SamplingGap)
	}
	s, r := ab.Solved, ba.Solved
	if s.OnlyA != r.OnlyB || s.Intervals.OnlyA != r.Intervals.OnlyB || s.Both != r.Both || s.Neither != r.Neither || s.Both+s.OnlyA+s.OnlyB+s.Neither != 80 {
		t.Errorf("solved %+v swapped is %+v", s, r)
	}
}

func TestBoundaryOfKnownCurves(t *testing.T) {
	of := func(correct ...int) (e eval.Evaluation) {
		for i, c := range correct {
			e.Counts = append(e.Counts, eval.Count{ID: fmt.Sprint(i), N: 4, C: c})
		}
		return e
	}
	// Pass@1 1/2 and 1/4, Pass@2 1/2 and 1/2, Pass@4 1/2 and 1: caught at k = 2.
	c := compare(t, of(4, 0), of(1, 1))
	if c.Crossing == nil || c.Crossing.Leader != "A" || c.Crossing.K == nil || *c.Crossing.K != 2 {
		t.Errorf("crossing %+v, want A caught at k = 2", c.Crossing)
	}
	if g := c.SamplingGap; g.K != 4 || g.A.Value != 0.5 || g.B.Value != 0.25 {
		t.Errorf("gap %+v, want 1 − 1/2 and 1/2 − 1/4 at k = 4", g)
	}
	if s := c.Solved; s.Both != 1 || s.OnlyB != 1 || s.N != 4 || math.Abs(math.Pow(1-s.UnsolvedRate, 4)-0.05) > 1e-12 {
		t.Errorf("solved %+v: at its bound a problem stays unsolved in 4 samples 5 times in a hundred", s)
	}
	// What none of n problems showed may be in 1 − 0.025^(1/n) of them, and in no fewer than none.
	if i := c.Solved.Intervals; i.OnlyA[0] != 0 || math.Abs(i.OnlyA[1]-2*(1-math.Sqrt(0.025))) > 1e-9 || math.Abs(i.Both[0]-2*(1-math.Sqrt(0.975))) > 1e-9 {
		t.Errorf("intervals %+v: none of two, and one of two", i)
	}
	// A leads on every problem at every k: no resample crosses.
	if c := compare(t, of(3, 3), of(1, 1)).Crossing; c == nil || c.K == nil || *c.K != 4 {
		t.Errorf("%+v: both are 1 at k = 4", c)
	}
	if c := compare(t, of(2, 4), of(0, 0)).Crossing; c == nil || c.K != nil || c.Low != nil || c.Crossed != 0 {
		t.Errorf("%+v: they never cross", c)
	}
	if c := compare(t, of(2, 2), of(2, 2)).Crossing; c != nil {
		t.Errorf("%+v: neither leads", c)
	}
}
