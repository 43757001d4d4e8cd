package train

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func dynamic(prompts, draws int) Config {
	c := small("dapo")
	c.PromptsPerStep, c.DynamicSampling, c.DynamicDraws = prompts, true, draws
	return c
}

// Dynamic sampling trains on problems whose samples differ, as many as were asked for where
// that many come.
func TestDynamicSamplingKeepsWhatVaries(t *testing.T) {
	l := start(t, dynamic(4, 20))
	for step := range 3 {
		before := l.state.Problems
		groups, drawn, err := l.gather(t.Context(), step)
		if err != nil {
			t.Fatal(err)
		}
		if len(groups) != 4 || drawn < 4 || l.state.Problems != before+drawn {
			t.Errorf("step %d: %d groups of %d problems, %d counted", step, len(groups), drawn, l.state.Problems-before)
		}
		for _, g := range groups {
			if alike(g.Rollouts) {
				t.Errorf("step %d: the samples of %s are all alike", step, g.Problem.ID)
			}
		}
	}
}

// Where nothing varies, nothing is learnt, and the run goes on.
func TestDynamicSamplingOfFlatProblems(t *testing.T) {
	for _, right := range []func(string) bool{always, never} {
		l := start(t, dynamic(4, 3), judgedBy(right))
		before := stored(t, l.Policy)
		m := steps(t, l, 0, 1)[0]
		if m["problems_drawn"] != 12 || m["rollouts"] != 48 || m["optimizer_steps"] != 0 {
			t.Errorf("metrics %v", m)
		}
		if !maps.Equal(before, stored(t, l.Policy)) {
			t.Error("the policy has moved")
		}
	}
}

// The problems drawn so far are part of the state: a run that goes on draws the next ones.
func TestDynamicSamplingGoesOn(t *testing.T) {
	whole := start(t, dynamic(4, 6))
	want := steps(t, whole, 0, 4)
	first, err := run(t, dynamic(4, 6))
	if err != nil {
		t.Fatal(err)
	}
	saved, err := first.Dir.LatestCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	second := start(t, dynamic(4, 6))
	if err := second.Policy.Load(t.Context(), saved.Path); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(files(t, saved.Path)[stateFile]), &second.state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[2:], steps(t, second, 2, 4), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

// The punishment of length begins where the cache does and is −1 at the limit.
func TestOverlongPunishment(t *testing.T) {
	c := Config{MaxCompletionLength: 100, SoftOverlongCache: 20}
	for tokens, want := range map[int]float64{1: 0, 80: 0, 85: -0.25, 90: -0.5, 100: -1} {
		if got := c.overlong(tokens); got != want {
			t.Errorf("%d tokens cost %v, want %v", tokens, got, want)
		}
	}
	l := start(t, func() Config { c := small("grpo"); c.SoftOverlongCache = 4; return c }())
	groups, _, err := l.gather(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			truth := 0.0
			if even(r.Text) {
				truth = 1
			}
			if want := truth + l.Config.overlong(len(r.Tokens)); r.Reward != want {
				t.Errorf("a sample of %d tokens is worth %v, want %v", len(r.Tokens), r.Reward, want)
			}
		}
	}
	bad := small("nsr")
	bad.SoftOverlongCache = 4
	if _, _, err := bad.Resolve(8); err == nil {
		t.Error("NSR takes rewards below 0")
	}
}
