package eval_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/draw"
)

// drawn makes counts of problems whose success probabilities are p plus shift.
func drawn(seed uint64, problems, n int, shift float64) eval.Evaluation {
	difficulty, luck := draw.New(0, "difficulty"), draw.New(seed, "luck")
	var e eval.Evaluation
	for i := range problems {
		p := min(1, max(0, difficulty.Float64(uint64(i))+shift))
		c := 0
		for j := range n {
			if luck.At(uint64(i)).Float64(uint64(j)) < p {
				c++
			}
		}
		e.Counts = append(e.Counts, eval.Count{ID: fmt.Sprint("q", i), N: n, C: c})
	}
	return e
}

// TestIntervalCovers draws sets of problems from a population with a known mean: the
// 95 % interval must hold it about 95 times in a hundred.
func TestIntervalCovers(t *testing.T) {
	const sets, problems, n = 300, 60, 16
	covered := 0
	for set := range sets {
		source := draw.New(uint64(set), "population")
		var counts []eval.Count
		for i := range problems {
			p, c := source.Float64(uint64(i)), 0 // uniform: the mean Pass@1 is 1/2
			for j := range n {
				if source.At(uint64(i)).Float64(uint64(j)) < p {
					c++
				}
			}
			counts = append(counts, eval.Count{ID: fmt.Sprint(i), N: n, C: c})
		}
		b := eval.Bootstrap{Level: 0.95, Resamples: 400, Seed: 1}
		intervals, err := b.Intervals(counts, []int{1})
		if err != nil {
			t.Fatal(err)
		}
		if interval, _ := intervals.At(1); interval[0] <= 0.5 && 0.5 <= interval[1] {
			covered++
		}
	}
	if share := float64(covered) / sets; share < 0.91 || share > 0.98 {
		t.Errorf("the 95%% interval held the mean in %.1f%% of %d sets", 100*share, sets)
	}
}

func TestIntervalOfEqualProblemsIsAPoint(t *testing.T) {
	counts := []eval.Count{{ID: "a", N: 4, C: 1}, {ID: "b", N: 4, C: 1}}
	intervals, err := eval.DefaultBootstrap(1).Intervals(counts, []int{1, 4})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := intervals.At(1); got != (eval.Interval{0.25, 0.25}) {
		t.Errorf("interval %v, want the point 0.25", got)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	counts := []eval.Count{{ID: "a", N: 4, C: 1}}
	for _, b := range []eval.Bootstrap{{Level: 0, Resamples: 9}, {Level: 1, Resamples: 9}, {Level: math.NaN(), Resamples: 9}, {Level: 0.9, Resamples: 1}} {
		if _, err := b.Intervals(counts, []int{1}); err == nil {
			t.Errorf("%+v was taken", b)
		}
	}
	if _, err := eval.DefaultBootstrap(1).Intervals(counts, []int{5}); err == nil || !strings.Contains(err.Error(), `question "a"`) {
		t.Errorf("k beyond the samples: %v", err)
	}
}

func compare(t *testing.T, a, b eval.Evaluation) eval.Comparison {
	t.Helper()
	c, err := eval.Compare(a, b, eval.DefaultBootstrap(7))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompareSwaps(t *testing.T) {
	a, b := drawn(1, 80, 16, 0.1), drawn(2, 80, 16, -0.1)
	swapped := map[eval.Verdict]eval.Verdict{eval.AHigher: eval.BHigher, eval.BHigher: eval.AHigher, eval.CannotTellApart: eval.CannotTellApart}
	ab, ba := compare(t, a, b), compare(t, b, a)
	for i, x := range ab.PassAtK {
		x, y := x.Value, ba.PassAtK[i].Value
		if x.A != y.B || x.AMinusB != -y.AMinusB || x.PValue != y.PValue || x.Verdict != swapped[y.Verdict] ||
			x.Interval != (eval.Interval{-y.Interval[1], -y.Interval[0]}) {
			t.Errorf("k = %d: %+v swapped is %+v", ab.PassAtK[i].K, x, y)
		}
	}
	if d, _ := ab.PassAtK.At(1); d.Verdict != eval.AHigher {
		t.Errorf("0.2 apart on 80 problems, but the verdict is %q (%+v)", d.Verdict, d)
	}
}

// TestCompareIsNotFooled compares a policy with itself under other seeds: it may tell
// the two apart in about 5 of a hundred comparisons, not more.
func TestCompareIsNotFooled(t *testing.T) {
	const pairs = 100
	apart := 0
	for i := range uint64(pairs) {
		a, b := drawn(2*i+10, 40, 8, 0), drawn(2*i+11, 40, 8, 0)
		if d, _ := compare(t, a, b).PassAtK.At(1); d.Verdict != eval.CannotTellApart {
			apart++
		}
	}
	if apart > 12 {
		t.Errorf("%d of %d pairs of equals were told apart", apart, pairs)
	}
}

// TestMoreSamplesAreNoDifference compares a policy that solves nearly all with itself, drawn
// eight times as often: that estimates from more samples are a little below 1 where those from
// few are 1 says nothing of the policy.
func TestMoreSamplesAreNoDifference(t *testing.T) {
	const pairs = 100
	apart := map[int]int{}
	for i := range uint64(pairs) {
		many, few := drawn(2*i+10, 40, 64, 0.5), drawn(2*i+11, 40, 8, 0.5)
		for _, p := range compare(t, many, few).PassAtK {
			if p.Value.Verdict != eval.CannotTellApart {
				apart[p.K]++
			}
		}
	}
	for _, k := range []int{1, 2, 4, 8} {
		if apart[k] > 12 {
			t.Errorf("at k = %d, %d of %d pairs of equals were told apart", k, apart[k], pairs)
		}
	}
}

func TestCompareItself(t *testing.T) {
	a := drawn(1, 30, 8, 0)
	c := compare(t, a, a)
	for _, p := range c.PassAtK {
		if d := p.Value; d.AMinusB != 0 || d.PValue != 1 || d.Verdict != eval.CannotTellApart {
			t.Errorf("k = %d: %+v", p.K, d)
		}
	}
	if s := c.Solved; s == nil || s.OnlyA+s.OnlyB != 0 || s.Both+s.Neither != 30 {
		t.Errorf("solved %+v", s)
	}
}

// TestCompareIgnoresOrder: problems are matched by id, not by place.
func TestCompareIgnoresOrder(t *testing.T) {
	a, b := drawn(1, 30, 8, 0), drawn(2, 30, 8, 0)
	want := compare(t, a, b)
	for i, j := 0, len(b.Counts)-1; i < j; i, j = i+1, j-1 {
		b.Counts[i], b.Counts[j] = b.Counts[j], b.Counts[i]
	}
	if got := compare(t, a, b); fmt.Sprint(got.PassAtK) != fmt.Sprint(want.PassAtK) {
		t.Errorf("another order of problems gives\n%v, not\n%v", got.PassAtK, want.PassAtK)
	}
}

func TestCompareRefuses(t *testing.T) {
	a := drawn(1, 5, 4, 0)
	other := drawn(1, 5, 4, 0)
	other.Counts[3].ID = "another"
	twice := drawn(1, 5, 4, 0)
	twice.Counts[3].ID = "q2"
	for name, c := range map[string]struct {
		b    eval.Evaluation
		want string
	}{
		"other questions": {other, `only A has "q3"; only B has "another"`},
		"a question less": {eval.Evaluation{Counts: a.Counts[1:]}, `only A has "q0"; only B has none of its own`},
		"twice":           {twice, `only A has "q3"`},
		"empty":           {eval.Evaluation{}, "evaluate its samples again"},
	} {
		if _, err := eval.Compare(a, c.b, eval.DefaultBootstrap(1)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
