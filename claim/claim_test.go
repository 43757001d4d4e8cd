package claim

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/internal/rundir"
)

// A verdict follows from where the interval lies.
func TestVerdicts(t *testing.T) {
	c := Claim{Predicate: Above(1)}
	for name, w := range map[string]struct {
		values []float64
		want   Verdict
	}{
		"within":     {[]float64{2, 2.1, 1.9}, Holds},
		"outside":    {[]float64{0, 0.1, -0.1}, Fails},
		"across":     {[]float64{0, 2, 1}, CannotTell},
		"too few":    {[]float64{5, 5}, CannotTell},
		"no number":  {[]float64{5, 5, math.NaN()}, CannotTell},
		"none":       {nil, CannotTell},
		"equal ones": {[]float64{3, 3, 3}, Holds},
	} {
		if _, _, got := c.Judge(w.values); got != w.want {
			t.Errorf("%s: %s, want %s", name, got, w.want)
		}
	}
	// Student's t with two degrees of freedom: 4.303 deviations of the mean.
	mean, interval, _ := c.Judge([]float64{1, 2, 3})
	if half := 4.302652729911275 / math.Sqrt(3); mean != 2 || math.Abs(interval[1]-2-half) > 1e-9 || math.Abs(interval[0]-2+half) > 1e-9 {
		t.Errorf("mean %v, interval %v", mean, interval)
	}
}

func TestClaimsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if c.ID == "" || seen[c.ID] || c.Seeds < 3 || c.measure == nil {
			t.Errorf("claim %q: twice, fewer than three seeds, or nothing to measure", c.ID)
		}
		seen[c.ID] = true
		for name, text := range map[string]string{"statement": c.Statement, "source": c.Source, "literature": c.Literature, "quantity": c.Quantity, "preset": c.Preset} {
			if text == "" {
				t.Errorf("claim %s has no %s", c.ID, name)
			}
		}
		if found, err := Find(strings.ToLower(c.ID)); err != nil || found.ID != c.ID {
			t.Errorf("claim %s is not found: %v", c.ID, err)
		}
	}
	if _, err := Find("C22"); err == nil || !strings.Contains(err.Error(), "C2") {
		t.Errorf("an unknown claim: %v", err)
	}
}

// The exact claim can be measured anywhere in no time; a run that was stopped goes on with the
// seeds that are missing, and what was measured under other conditions does not count.
func TestMeasuringGoesOn(t *testing.T) {
	dir := t.TempDir()
	lab, err := NewLab(false, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	seeds := 0
	whole, err := Measure(t.Context(), lab, f1, dir, false, func(Run) { seeds++ })
	if err != nil || seeds != 10 || *whole.Verdict != Holds {
		t.Fatalf("%d seeds, %+v (%v)", seeds, whole, err)
	}
	seeds = 0
	if again, err := Measure(t.Context(), lab, f1, dir, false, func(Run) { seeds++ }); err != nil || seeds != 0 || *again.Value != *whole.Value {
		t.Errorf("%d seeds measured again (%v)", seeds, err)
	}
	loaded, err := Load(dir, f1)
	if err != nil || loaded.Verdict == nil || *loaded.Verdict != Holds || len(loaded.Runs) != 10 {
		t.Errorf("loaded %+v (%v)", loaded, err)
	}
	other := f1
	other.Predicate = Below(1e-13)
	if r, err := Load(dir, other); err != nil || r.Verdict != nil {
		t.Errorf("a result of another predicate counts: %+v (%v)", r, err)
	}
	broken := f1
	broken.Seeds = 12
	if r, err := Measure(t.Context(), lab, broken, dir, false, nil); err != nil || len(r.Runs) != 12 {
		t.Errorf("%d runs (%v), want 12", len(r.Runs), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "F1.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Measure(t.Context(), lab, f1, dir, false, nil); err == nil || !strings.Contains(err.Error(), "F1.json") || !strings.Contains(err.Error(), "--again") {
		t.Errorf("a damaged result: %v", err)
	}
	if _, err := Load(dir, f1); err == nil || !strings.Contains(err.Error(), "F1.json") || !strings.Contains(err.Error(), "--again") {
		t.Errorf("a damaged result is loaded: %v", err)
	}
	if r, err := Measure(t.Context(), lab, f1, dir, true, nil); err != nil || len(r.Runs) != 10 {
		t.Errorf("measured again: %d runs (%v)", len(r.Runs), err)
	}
}

// A result that was stopped after one seed has a value, and no interval: not one from 0 to 0.
func TestOneSeedHasNoInterval(t *testing.T) {
	dir := t.TempDir()
	one := f1.result()
	one.Runs = []Run{{Seed: 1, Value: 2}}
	one.judge(f1)
	if err := rundir.WriteJSON(filepath.Join(dir, "F1.json"), one); err != nil {
		t.Fatal(err)
	}
	r, err := Load(dir, f1)
	if err != nil || *r.Value != 2 || *r.Verdict != CannotTell || !math.IsNaN(float64(r.Interval[0])) || !math.IsNaN(float64(r.Interval[1])) {
		t.Errorf("%+v (%v)", r, err)
	}
}

// Every claim that ships with a result was measured under the conditions that it states now,
// and its verdict follows from its values.
func TestShippedResults(t *testing.T) {
	for _, c := range All() {
		raw, err := shipped.ReadFile("results/" + c.ID + ".json")
		if err != nil {
			continue // not run yet
		}
		r, err := Load(t.TempDir(), c)
		if err != nil || r.Verdict == nil {
			t.Errorf("claim %s: its result is of other conditions (%v): %.80s", c.ID, err, raw)
			continue
		}
		var values []float64
		for _, run := range r.Runs {
			values = append(values, run.Value)
		}
		if _, _, verdict := c.Judge(values); verdict != *r.Verdict || r.Quick {
			t.Errorf("claim %s: its values say %s, its result %s", c.ID, verdict, *r.Verdict)
		}
	}
}
