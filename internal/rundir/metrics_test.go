package rundir

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func appendMetrics(t *testing.T, d *Dir, step int, metrics map[string]float64) {
	t.Helper()
	log, err := d.AppendMetrics()
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append(step, metrics); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMetricsLines(t *testing.T) {
	d := newRun(t)
	appendMetrics(t, d, 1, map[string]float64{"kl": math.NaN(), "entropy": 0.1, "clip_ratio/high": math.Inf(-1), "lr": 1e-7})
	appendMetrics(t, d, 2, nil)
	want := `{"step":1,"clip_ratio/high":null,"entropy":0.1,"kl":null,"lr":1e-7}` + "\n" + `{"step":2}` + "\n"
	if got, err := os.ReadFile(d.Path(metricsFile)); err != nil || string(got) != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
	rows, err := d.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	wantRows := []map[string]float64{{"step": 1, "clip_ratio/high": nan, "entropy": 0.1, "kl": nan, "lr": 1e-7}, {"step": 2}}
	if diff := cmp.Diff(wantRows, rows, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestLineIsThereBeforeTheLogIsClosed(t *testing.T) {
	d := newRun(t)
	log, err := d.AppendMetrics()
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := log.Append(1, nil); err != nil {
		t.Fatal(err)
	}
	if rows, err := d.Metrics(); err != nil || len(rows) != 1 {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestUnfinishedLine(t *testing.T) {
	for _, start := range []string{"", "{\"step\":1}\n"} {
		d := newRun(t)
		writeTestFile(t, d.Path(metricsFile), start+`{"step":2,"ent`)
		finished := strings.Count(start, "\n")
		if rows, err := d.Metrics(); err != nil || len(rows) != finished {
			t.Errorf("reading gives %v, %v", rows, err)
		}
		appendMetrics(t, d, 2, nil)
		want := start + "{\"step\":2}\n"
		if got, _ := os.ReadFile(d.Path(metricsFile)); string(got) != want {
			t.Errorf("after a restart %q, want %q", got, want)
		}
	}
}

func TestDamagedMetrics(t *testing.T) {
	d := newRun(t)
	writeTestFile(t, d.Path(metricsFile), "{\"step\":1}\n{]\n")
	if _, err := d.Metrics(); err == nil || !strings.Contains(err.Error(), "metrics.jsonl, line 2") {
		t.Errorf("error %v, want one with file and line", err)
	}
}
