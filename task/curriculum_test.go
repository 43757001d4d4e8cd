package task

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGateMovesByPassRate(t *testing.T) {
	g := Gate{Raise: 0.8, Lower: 0.3, Top: 4}
	for _, c := range []struct {
		rates []float64
		want  int
	}{
		{nil, 1},
		{[]float64{0.8}, 2},
		{[]float64{0.79}, 1},
		{[]float64{0.1}, 1},
		{[]float64{0.9, 0.9, 0.9, 0.9, 0.9}, 4},
		{[]float64{0.9, 0.3}, 2},
		{[]float64{0.9, 0.29}, 1},
		{[]float64{0.9, math.NaN(), 0.5}, 2},
	} {
		if got := g.Level(c.rates); got != c.want {
			t.Errorf("after %v the level is %d, want %d", c.rates, got, c.want)
		}
	}
}

func TestLaddersLeadThroughAllLevels(t *testing.T) {
	ladder, err := Ladder("chain:words=1")
	if err != nil || len(ladder) != Levels("chain") {
		t.Fatalf("%d levels, %v", len(ladder), err)
	}
	for i, f := range ladder {
		if want := family(fmt.Sprintf("chain:level=%d,words=1", i+1)).Name(); f.Name() != want {
			t.Errorf("level %d is %s, want %s", i+1, f.Name(), want)
		}
	}
	for spec, want := range map[string]string{
		"chain+gcd": "no levels", "chain:level=2": "leave it out", "chain:terms=2,level=2": "leave it out", "chian": `"chain"`,
	} {
		if _, err := Ladder(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Ladder(%q): %v, want %s", spec, err, want)
		}
	}
}

// A policy whose pass rate falls from level to level by less than the bounds lie apart
// comes to rest: it never rises again after it fell.
func TestGateDoesNotSwing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := Gate{Raise: 0.7, Lower: 0.4, Top: rapid.IntRange(1, 8).Draw(t, "top")}
		rates := []float64{rapid.Float64Range(0, 1).Draw(t, "rate")}
		for range g.Top {
			rates = append(rates, max(0, rates[len(rates)-1]-rapid.Float64Range(0, 0.29).Draw(t, "drop")))
		}
		level := rapid.IntRange(1, g.Top).Draw(t, "level")
		fell := false
		for range 3 * g.Top {
			next := g.Next(level, rates[level-1])
			if next < 1 || next > g.Top || next > level+1 || next < level-1 {
				t.Fatalf("from level %d to %d of %d", level, next, g.Top)
			}
			if fell && next > level {
				t.Fatalf("rates %v: the level rises from %d after it fell", rates, level)
			}
			fell = fell || next < level
			level = next
		}
		if g.Next(level, rates[level-1]) != level {
			t.Errorf("rates %v: the level does not rest at %d", rates, level)
		}
	})
}

func TestGateRefusesBoundsWithoutHysteresis(t *testing.T) {
	if err := (Gate{Raise: 0.8, Lower: 0.3, Top: 4}).Validate(); err != nil {
		t.Error(err)
	}
	for want, g := range map[string]Gate{
		"above 0 and at most 1": {Raise: 1.5, Lower: 0.3, Top: 4},
		"at most 1":             {Raise: math.NaN(), Lower: 0.3, Top: 4},
		"below 0.5":             {Raise: 0.5, Lower: 0.5, Top: 4},
		"at least 1":            {Raise: 0.8, Lower: 0.3},
	} {
		if err := g.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", g, err, want)
		}
	}
}
