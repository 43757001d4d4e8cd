package train

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/rundir"
)

// of is a step's samples, some of them right.
func of(right, samples int) []negativa.Group {
	rollouts := make([]negativa.Rollout, samples)
	for i := range right {
		rollouts[i].Verdict.Outcome = negativa.Correct
	}
	return []negativa.Group{{Rollouts: rollouts}}
}

func TestStagnation(t *testing.T) {
	for name, c := range map[string]struct {
		patience int
		right    []int // of 4 samples a step
		want     []bool
	}{
		"each step on its own":          {1, []int{1, 2, 2, 3, 1}, []bool{false, false, true, false, true}},
		"windows, not steps":            {2, []int{1, 3, 4, 1, 0, 4}, []bool{false, false, false, false, false, true}},
		"falling back is stagnating":    {2, []int{1, 2, 3, 4, 2, 2}, []bool{false, false, false, false, false, true}},
		"the best counts, not the last": {1, []int{3, 2, 3}, []bool{false, true, true}},
		"nothing right":                 {3, []int{0, 0, 0}, []bool{false, false, true}},
	} {
		var p Pace
		for i, right := range c.right {
			p.count(of(right, 4))
			if got := p.stagnates(c.patience); got != c.want[i] {
				t.Errorf("%s: %v after %v of 4 right", name, got, c.right[:i+1])
			}
		}
	}
}

func TestStagnationCountsAllThatWereDrawn(t *testing.T) {
	c := dynamic(4, 3)
	c.RefSyncPatience = 2
	l := start(t, c)
	steps(t, l, 0, 1)
	if l.state.Pace.Samples != l.state.Rollouts || l.state.Rollouts <= 16 {
		t.Errorf("%d samples counted of %d", l.state.Pace.Samples, l.state.Rollouts)
	}
}

func TestAnotherLevelIsAnotherPace(t *testing.T) {
	c := small("nsr")
	c.CurriculumRaise, c.RefSyncPatience = 0.9, 3
	l := start(t, c, curriculum(t), judgedBy(always))
	steps(t, l, 0, 1)
	if l.state.Level != 2 || l.state.Pace != (Pace{}) {
		t.Errorf("level %d goes on with %+v", l.state.Level, l.state.Pace)
	}
}

// renewals are the steps after which the reference is to be renewed, told from the shares of
// right samples.
func renewals(c Config, rates []float64) (at []int) {
	var windows []float64
	since := 0
	for step := 1; step < len(rates); step++ {
		due := c.RefSyncSteps > 0 && step%c.RefSyncSteps == 0
		if n := c.RefSyncPatience; n > 0 && (step-since)%n == 0 {
			rate := sum(rates[step-n:step]) / float64(n)
			due = due || rate <= slices.Max(append(windows, 0))
			windows = append(windows, rate)
		}
		if due {
			at, since, windows = append(at, step), step, nil
		}
	}
	return at
}

// A renewed reference is the policy of that step. A run that goes on from any checkpoint is
// the run that was never ended: in its samples, its metrics and its bytes.
func TestRenewedReferences(t *testing.T) {
	config := func(every, patience int) Config {
		c := small("grpo")
		c.MaxSteps, c.NumIterations, c.SaveSteps = 7, 1, 3
		c.RefSyncSteps, c.RefSyncPatience = every, patience
		return c
	}
	never, err := run(t, config(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{"schedule": config(2, 0), "stagnation": config(0, 1), "of two steps": config(0, 2), "both": config(4, 1)} {
		t.Run(name, func(t *testing.T) {
			whole, err := run(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if maps.Equal(stored(t, never.Policy), stored(t, whole.Policy)) {
				t.Error("a renewed reference changes nothing")
			}
			checkpoints := checkRenewals(t, whole)
			for _, last := range checkpoints[:len(checkpoints)-1] {
				again := start(t, c)
				again.Dir = killed(t, whole.Dir, last.Step)
				if err := again.Resume(t.Context(), last); err != nil {
					t.Fatal(err)
				}
				if err := again.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(left(t, whole.Dir), left(t, again.Dir), cmpopts.EquateNaNs()); diff != "" {
					t.Errorf("a run that goes on after step %d is another: %.2000s", last.Step, diff)
				}
			}
		})
	}
}

// checkRenewals holds the metric and the checkpoints of a run against its pass rates.
func checkRenewals(t *testing.T, l *Loop) []rundir.Checkpoint {
	t.Helper()
	metrics, err := l.Dir.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	var rates []float64
	var renewed []int
	for i, m := range metrics {
		rates = append(rates, m["correct_ratio"])
		if m["reference_renewed"] == 1 {
			renewed = append(renewed, i+1)
		}
	}
	want := renewals(l.Config, rates)
	if !slices.Equal(renewed, want) || len(want) == 0 {
		t.Errorf("renewed after %v, want %v (shares of right samples %v)", renewed, want, rates)
	}
	checkpoints, err := l.Dir.Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	var kept []int
	for _, c := range checkpoints {
		kept = append(kept, c.Step)
	}
	want = slices.Compact(slices.Sorted(slices.Values(append(want, 3, 6, 7))))
	if !slices.Equal(kept, want) {
		t.Errorf("checkpoints of steps %v, want %v", kept, want)
	}
	return checkpoints
}

// killed is a copy of a run's folder as it was a step after a checkpoint.
func killed(t *testing.T, dir *rundir.Dir, step int) *rundir.Dir {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(path, os.DirFS(dir.Path())); err != nil {
		t.Fatal(err)
	}
	for later := step + 1; later <= 7; later++ {
		if err := os.RemoveAll(filepath.Join(path, "checkpoints", "step-"+strconv.Itoa(later))); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.CutMetrics(min(step+1, 7)); err != nil {
		t.Fatal(err)
	}
	return copied
}

// left is what a run leaves: its metrics but the clock's, and the files of its checkpoints.
func left(t *testing.T, dir *rundir.Dir) map[string]any {
	t.Helper()
	metrics, err := dir.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		delete(m, "step_time")
		delete(m, "tokens_per_second")
	}
	return map[string]any{"metrics": metrics, "checkpoints": files(t, dir.Path("checkpoints"))}
}

// Without a divergence in the loss nothing of a renewal is left but the optimizer, which starts
// anew.
func TestRenewalsResetTheOptimizer(t *testing.T) {
	after := func(every int) map[string]string {
		c := small("reinforce")
		c.MaxSteps, c.RefSyncSteps = 3, every
		l, err := run(t, c)
		if err != nil {
			t.Fatal(err)
		}
		return stored(t, l.Policy)
	}
	if maps.Equal(after(2), after(0)) {
		t.Error("the optimizer goes on as if nothing had been renewed")
	}
}
