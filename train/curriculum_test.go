package train

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/negativa-lab/negativa/task"
)

// curriculum gives a loop the levels of countdown.
func curriculum(t *testing.T) func(*Loop) {
	t.Helper()
	ladder, err := task.Ladder("countdown")
	if err != nil {
		t.Fatal(err)
	}
	return func(l *Loop) {
		for _, f := range ladder {
			l.Levels = append(l.Levels, f)
		}
	}
}

// The level of a step follows from the shares of right samples before it, and is where the
// step's problems come from.
func TestCurriculumFollowsTheShareOfRightSamples(t *testing.T) {
	for name, c := range map[string]struct {
		right func(string) bool
		want  []float64
	}{
		"all right": {func(string) bool { return true }, []float64{1, 2, 3, 4, 5, 5}},
		"all wrong": {func(string) bool { return false }, []float64{1, 1, 1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			config := small("nsr")
			config.CurriculumRaise, config.CurriculumLower = 0.9, 0.2
			l := start(t, config, curriculum(t), judgedBy(c.right))
			var got []float64
			for step, want := range c.want {
				groups, _, err := l.gather(t.Context(), step)
				if err != nil {
					t.Fatal(err)
				}
				wanted := l.Levels[int(want)-1].Problem(task.Train, config.Seed, uint64(step*config.PromptsPerStep))
				if groups[0].Problem != wanted {
					t.Errorf("step %d asks %s, want %s of level %v", step, groups[0].Problem.ID, wanted.ID, want)
				}
				got = append(got, steps(t, l, step, step+1)[0]["curriculum_level"])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("levels wanted (-) and had (+)\n%s", diff)
			}
		})
	}
}

// The level is part of the state: a run that goes on is the run that was never ended.
func TestCurriculumGoesOn(t *testing.T) {
	config := small("nsr")
	config.CurriculumRaise, config.CurriculumLower = 0.4, 0.3
	whole := start(t, config, curriculum(t))
	first, second := start(t, config, curriculum(t)), start(t, config, curriculum(t))
	want := steps(t, whole, 0, 4)
	steps(t, first, 0, 2)
	dir := t.TempDir()
	if err := first.Policy.Save(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(first.State())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(kept, &second.state); err != nil {
		t.Fatal(err)
	}
	if err := second.Policy.Load(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[2:], steps(t, second, 2, 4), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if want[3]["curriculum_level"] < 2 {
		t.Errorf("the level is %v after 4 steps: this test shows nothing", want[3]["curriculum_level"])
	}
}

func TestCurriculumRefusesWhatItCannotMeasure(t *testing.T) {
	for want, change := range map[string]func(c *Config){
		"below 0.5, where it rises": func(c *Config) { c.CurriculumRaise, c.CurriculumLower = 0.5, 0.6 },
		"must be above 0":           func(c *Config) { c.CurriculumLower = 0.6 },
		"leave it or data out":      func(c *Config) { c.CurriculumRaise, c.Data = 0.5, "x.parquet" },
		"leave one of them out":     func(c *Config) { c.CurriculumRaise, c.DynamicSampling, c.DynamicDraws = 0.5, true, 4 },
	} {
		c := small("grpo")
		change(&c)
		if _, _, err := c.Resolve(8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
