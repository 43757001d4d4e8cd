package script

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
)

// group has a sample for each answer; one that begins with + is right.
func group(answers ...string) []negativa.Group {
	g := negativa.Group{Problem: negativa.Problem{ID: "p", Prompt: "1+1=", Gold: "2"}}
	for j, a := range answers {
		r := negativa.Rollout{Sample: j, Text: "text " + a, Verdict: negativa.Verdict{Outcome: negativa.Wrong, Answer: a}}
		if a[0] == '+' {
			r.Verdict = negativa.Verdict{Outcome: negativa.Correct, Answer: a[1:]}
		}
		g.Rollouts = append(g.Rollouts, r)
	}
	return []negativa.Group{g}
}

func TestRewards(t *testing.T) {
	f, err := Reward("short.star", []byte(`
def reward(prompt, response, gold, correct):
    if correct:
        return 1
    return 0.25 if gold == "2" and prompt == "1+1=" and response.endswith("3") else False
`))
	if err != nil {
		t.Fatal(err)
	}
	g := group("+2", "3", "4")
	if err := f(0, g); err != nil {
		t.Fatal(err)
	}
	var got []float64
	for _, r := range g[0].Rollouts {
		got = append(got, r.Reward)
	}
	if diff := cmp.Diff([]float64{1, 0.25, 0}, got); diff != "" {
		t.Error(diff)
	}
}

// What is wrong with a function is an error that names the file, the place and the sample,
// and no reward.
func TestFailuresSpeak(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"syntax":       {"def reward(:", []string{"f.star:1"}},
		"no function":  {"x = 1", []string{"reward(prompt, response, gold, correct)"}},
		"parameters":   {"def reward(a): return 1", []string{"reward(prompt, response, gold, correct)"}},
		"at the start": {"x = 1 // 0", []string{"f.star:1", "division by zero"}},
		"an exception": {"def reward(p, r, g, c):\n    return [][1]", []string{"f.star:2", "sample 0", "out of range"}},
		"fail":         {"def reward(p, r, g, c):\n    fail('no')", []string{"no", "sample 0"}},
		"a loop":       {"def reward(p, r, g, c):\n    while True: pass", []string{"steps", "sample 0"}},
		"a long range": {"def reward(p, r, g, c):\n    return len(list(range(10, 10 * len(r) * 10000000))) / 1e9", []string{"f.star:2", "range has", "more than the 1000000 steps"}},
		"a flood":      {"def reward(p, r, g, c):\n    while True: r += r", []string{"memory", "sample 0"}},
		"recursion":    {"def reward(p, r, g, c):\n    return reward(p, r, g, c)", []string{"recursi"}},
		"a text":       {"def reward(p, r, g, c):\n    return 'yes'", []string{"string", "[0, 1]"}},
		"nothing":      {"def reward(p, r, g, c): pass", []string{"None", "[0, 1]"}},
		"too much":     {"def reward(p, r, g, c): return 2", []string{"2", "[0, 1]"}},
		"no number":    {"def reward(p, r, g, c): return float('nan')", []string{"nan", "[0, 1]"}},
		"files":        {"def reward(p, r, g, c): return open('x')", []string{"undefined: open"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Reward("f.star", []byte(c.source))
			if err == nil {
				err = f(0, group("3"))
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range append(c.want, "f.star") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %q: %v", w, err)
				}
			}
		})
	}
}

func FuzzReward(f *testing.F) {
	f.Add("def reward(p, r, g, c): return c")
	f.Add("def reward(p, r, g, c):\n  while True: r += r")
	f.Fuzz(func(t *testing.T, source string) {
		function, err := Reward("f.star", []byte(source))
		if err != nil {
			return
		}
		g := group("3")
		if err := function(0, g); err == nil && !(g[0].Rollouts[0].Reward >= 0 && g[0].Rollouts[0].Reward <= 1) {
			t.Errorf("reward %v", g[0].Rollouts[0].Reward)
		}
	})
}
