package reward

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
)

// groups makes a group of each list of answers; "" is an answer that could not be read, one
// that begins with + a right one.
func groups(answers ...[]string) []negativa.Group {
	var out []negativa.Group
	for _, list := range answers {
		g := negativa.Group{Problem: negativa.Problem{ID: "p", Prompt: "1+1=", Gold: "2"}}
		for j, a := range list {
			r := negativa.Rollout{Sample: j, Text: "text " + a, Reward: math.NaN()}
			switch {
			case a == "":
				r.Verdict = negativa.Verdict{Outcome: negativa.UnparsedPrediction}
			case a[0] == '+':
				r.Verdict = negativa.Verdict{Outcome: negativa.Correct, Answer: a[1:]}
			default:
				r.Verdict = negativa.Verdict{Outcome: negativa.Wrong, Answer: a}
			}
			g.Rollouts = append(g.Rollouts, r)
		}
		out = append(out, g)
	}
	return out
}

func rewards(t *testing.T, f Function, step int, g []negativa.Group) [][]float64 {
	t.Helper()
	if err := f(step, g); err != nil {
		t.Fatal(err)
	}
	return OfGroups(g)
}

func TestArms(t *testing.T) {
	answers := [][]string{{"+2", "3", "3", ""}, {"7", "", "+8", "9"}, {"", ""}}
	for name, want := range map[string][][]float64{
		"truth":    {{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 0}},
		"inverted": {{0, 1, 1, 1}, {1, 1, 0, 1}, {1, 1}},
		"format":   {{1, 1, 1, 0}, {1, 0, 1, 1}, {0, 0}},
		"majority": {{0, 1, 1, 0}, {1, 0, 0, 0}, {0, 0}},
		"random:0": {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0}},
		"random:1": {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1}},
	} {
		f, err := New(name, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rewards(t, f, 3, groups(answers...))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Random rewards are a function of seed, step and place, come at their rate, and know nothing
// of the answer.
func TestRandomRewards(t *testing.T) {
	many := make([]string, 20000)
	for i := range many {
		many[i] = []string{"+1", "2", ""}[i%3]
	}
	draw := func(seed uint64, step int) []float64 {
		f, err := New("random:0.3", seed)
		if err != nil {
			t.Fatal(err)
		}
		return rewards(t, f, step, groups(many))[0]
	}
	first := draw(1, 5)
	if !slices.Equal(first, draw(1, 5)) {
		t.Error("the same address gives two rewards")
	}
	if slices.Equal(first, draw(1, 6)) || slices.Equal(first, draw(2, 5)) {
		t.Error("another step or seed gives the same rewards")
	}
	for kind := range 3 {
		sum := 0.0
		for i := kind; i < len(first); i += 3 {
			sum += first[i]
		}
		if rate := sum / float64(len(first)/3); math.Abs(rate-0.3) > 0.025 { // 4.5 deviations
			t.Errorf("samples of kind %d are rewarded at %.3f", kind, rate)
		}
	}
}

func TestUnknownArmsAreNamed(t *testing.T) {
	for name, want := range map[string]string{"inverse": "inverted", "random": "random:0.5", "random:2": "between 0 and 1", "random:x": "random:0.5"} {
		if _, err := New(name, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}
