package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/engine/native"
)

var quick = Options{Threads: 2, Seed: 1, Precision: native.F32}

// steady is a machine of round numbers, so that tests need not measure one.
var steady = Machine{Flops: 100, Bytes: 10}

func TestFloorIsTheLongerOfBoth(t *testing.T) {
	for _, c := range []struct {
		cost    Cost
		machine Machine
		want    float64
	}{
		{Cost{Flops: 300, Bytes: 20}, steady, 3},
		{Cost{Flops: 100, Bytes: 20}, steady, 2},
		{Cost{Bytes: 20}, Machine{Bytes: 10}, 2},
		{Cost{Flops: 100, Bytes: 20}, Machine{Bytes: 10}, 0}, // no peak, no floor
	} {
		if got := c.cost.floor(c.machine); got != c.want {
			t.Errorf("floor of %+v on %+v is %v s, want %v", c.cost, c.machine, got, c.want)
		}
	}
}

func TestResultIsOfTheMedianRun(t *testing.T) {
	for unit, rate := range map[string]float64{gflops: 800e-9 / 4, gbytes: 20e-9 / 4, tokens: 12.0 / 4} {
		r := newResult(Work{Name: "x", unit: unit}, Cost{Tokens: 12, Flops: 800, Bytes: 20}, steady, []float64{5, 1, 3, 7})
		want := Result{
			Name: "x", Rate: rate, Unit: unit, Seconds: 4, MinSeconds: 1, MaxSeconds: 7, Runs: 4,
			Flops: 800, Bytes: 20, FloorSeconds: 8, Fraction: 2, Machine: steady,
		}
		if r != want {
			t.Errorf("%s: %+v, want %+v", unit, r, want)
		}
	}
}

func TestReportHasTheKeysThatOthersRead(t *testing.T) {
	raw, err := json.Marshal(Report{Results: []Result{{}}})
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Conditions map[string]any
		Results    []map[string]any
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key := range report.Results[0] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	want := []string{"bytes", "floor_seconds", "flops", "fraction", "max_seconds", "min_seconds", "name", "rate", "runs", "seconds", "unit"}
	if !slices.Equal(keys, want) {
		t.Errorf("a result has the keys %q, want %q", keys, want)
	}
	if report.Conditions["peak_gflops"] == nil {
		t.Errorf("conditions %v lack the peak", report.Conditions)
	}
}

func TestSplitCoversEveryRowOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		for n := 1; n < 2000; n += 7 {
			parts, size := split(n, 192, threads)
			if size < 1 || size > 192 || (parts-1)*size >= n || parts*size < n {
				t.Fatalf("%d rows on %d threads: %d parts of %d", n, threads, parts, size)
			}
		}
	}
}

func TestSelectByBeginning(t *testing.T) {
	names := func(patterns ...string) []string {
		works, err := Select(patterns)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, w := range works {
			out = append(out, w.Name)
		}
		return out
	}
	if got := names(); len(got) != len(Works()) {
		t.Errorf("no pattern selects %d of %d works", len(got), len(Works()))
	}
	if got := names("machine"); len(got) != 0 {
		t.Errorf("machine selects %q", got)
	}
	if got, want := names("train/5m", "softmax", "train"), []string{"softmax", "train/base/256x24", "train/5m/32x128", "train/125m/4x64"}; !slices.Equal(got, want) {
		t.Errorf("selected %q, want %q: each once, in the order of the list", got, want)
	}
	for pattern, want := range map[string]string{"trian": `"train"`, "sample/5M": `"sample/5m"`, "gem/f32": `"gemm/f32"`, "machin!": `"machine"`} {
		if _, err := Select([]string{"softmax", pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that names %s", pattern, err, want)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Works() {
		if seen[w.Name] {
			t.Errorf("%s appears twice", w.Name)
		}
		seen[w.Name] = true
	}
}

// A work that cannot be prepared is named with its reason, and the others go on; a run
// that fails later ends the measurement.
func TestWhatCannotBePreparedIsSkipped(t *testing.T) {
	fails := errors.New("too large")
	ready := func(run func() error) func(context.Context, *session) (job, error) {
		return func(context.Context, *session) (job, error) {
			return job{Cost{Bytes: 1}, func(context.Context) error { return run() }}, nil
		}
	}
	works := []Work{
		{Name: "unfit", unit: gbytes, prepare: func(context.Context, *session) (job, error) { return job{}, fails }},
		{Name: "fine", unit: gbytes, prepare: ready(func() error { return nil })},
	}
	told := map[string]string{}
	report, err := Run(t.Context(), works, quick, func(r Result, skipped string) { told[r.Name] = skipped })
	if err != nil || len(report.Results) != 1 || report.Results[0].Name != "fine" || report.Results[0].Runs < 1 {
		t.Errorf("report %+v, %v", report, err)
	}
	if !slices.Equal(report.Conditions.Skipped, []string{"unfit: too large"}) || told["unfit"] != "too large" || told["fine"] != "" {
		t.Errorf("skipped %q, told %q", report.Conditions.Skipped, told)
	}
	runs := 0
	late := Work{Name: "late", unit: gbytes, prepare: ready(func() error {
		if runs++; runs > 1 {
			return fails
		}
		return nil
	})}
	if _, err := Run(t.Context(), []Work{late}, quick, func(Result, string) {}); !errors.Is(err, fails) || !strings.Contains(err.Error(), "late") {
		t.Errorf("a run that fails: error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, works, quick, func(Result, string) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

func TestMachineIsMeasured(t *testing.T) {
	m := newProbe(2).measure(false)
	if !(m.Bytes > 0) || m.Flops < 0 || math.IsInf(m.Bytes+m.Flops, 0) {
		t.Errorf("machine %+v", m)
	}
	x := make([]uint64, 1003)
	for i := range x {
		x[i] = uint64(i)
	}
	if got := sum(x); got != 1002*1003/2 {
		t.Errorf("sum is %d", got)
	}
}
