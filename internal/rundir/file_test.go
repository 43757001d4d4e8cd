package rundir

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWriteLines(t *testing.T) {
	d := newRun(t)
	type sample struct {
		ID    string `json:"question_id"`
		Label bool   `json:"label"`
	}
	path := d.Rollouts(20)
	if want := filepath.Join(d.Path(), "rollouts", "step-20.jsonl"); path != want {
		t.Errorf("path %s, want %s", path, want)
	}
	if got, want := d.Eval("base.jsonl"), filepath.Join(d.Path(), "eval", "base.jsonl"); got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	if err := WriteLines(path, slices.Values([]sample{{"a<b", true}, {"c", false}})); err != nil {
		t.Fatal(err)
	}
	want := `{"question_id":"a<b","label":true}` + "\n" + `{"question_id":"c","label":false}` + "\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
}

func TestFailedWriteKeepsTheOldFile(t *testing.T) {
	d := newRun(t)
	if err := d.WriteSummary(map[string]int{"seconds": 1}); err != nil {
		t.Fatal(err)
	}
	before := names(t, d.Path())
	err := d.WriteSummary(map[string]float64{"seconds": math.NaN()})
	if err == nil || !strings.Contains(err.Error(), d.Path(summaryFile)) {
		t.Errorf("error %v, want one with the path", err)
	}
	if got, _ := os.ReadFile(d.Path(summaryFile)); string(got) != "{\n  \"seconds\": 1\n}\n" {
		t.Errorf("summary %q", got)
	}
	if after := names(t, d.Path()); !slices.Equal(before, after) {
		t.Errorf("files %v, before %v", after, before)
	}
}

func TestNextWriteRemovesLeftovers(t *testing.T) {
	d := newRun(t)
	stays := []string{".summary.json", ".summary.json1x", ".other.json17"}
	for _, name := range append(stays, ".summary.json5577006791947779410") {
		writeTestFile(t, d.Path(name), "{")
	}
	if err := d.WriteSummary(1); err != nil {
		t.Fatal(err)
	}
	want := append(stays, configFile, environmentFile, summaryFile)
	slices.Sort(want)
	if got := names(t, d.Path()); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
