package claim

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/negativa-lab/negativa/internal/rundir"
)

// Result is what a claim was found to be.
type Result struct {
	ID         string     `json:"id"`
	Statement  string     `json:"statement"`
	Source     string     `json:"source"`
	Literature string     `json:"literature"`
	Quantity   string     `json:"quantity"`
	Predicate  string     `json:"predicate"`
	Preset     string     `json:"preset"`
	Hash       string     `json:"preset_sha256"`
	Seeds      int        `json:"seeds"`
	Verdict    *Verdict   `json:"verdict"`  // null: never run
	Value      *float64   `json:"value"`    // mean over seeds
	Interval   *[2]number `json:"interval"` // 95 %
	Seconds    float64    `json:"seconds"`
	Quick      bool       `json:"quick"`

	Runs        []Run               `json:"runs,omitempty"`
	Environment *rundir.Environment `json:"environment,omitempty"`
}

// Run is one seed's measurement.
type Run struct {
	Seed    uint64             `json:"seed"`
	Value   float64            `json:"value"`
	Beside  map[string]float64 `json:"beside,omitempty"` // what the value was made of, or helps to read it
	Seconds float64            `json:"seconds"`
}

// Beside are the means over seeds of what was found beside the value, by name; a seed that
// lacks a number does not count.
func (r Result) Beside() map[string]float64 {
	sums, n := map[string]float64{}, map[string]float64{}
	for _, run := range r.Runs {
		for name, x := range run.Beside {
			sums[name], n[name] = sums[name]+x, n[name]+1
		}
	}
	for name := range sums {
		sums[name] /= n[name]
	}
	return sums
}

// number is null in JSON where it is none.
type number float64

// MarshalJSON writes a number or null.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *number) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(raw, (*float64)(n))
}

// result is the claim before it was run.
func (c Claim) result() Result {
	return Result{
		ID: c.ID, Statement: c.Statement, Source: c.Source, Literature: c.Literature, Quantity: c.Quantity,
		Predicate: c.Predicate.String(), Preset: c.Preset, Hash: c.Hash(), Seeds: c.Seeds,
	}
}

// judge fills in what follows from the runs.
func (r *Result) judge(c Claim) {
	if len(r.Runs) == 0 {
		return
	}
	var values []float64
	r.Seconds = 0
	for _, run := range r.Runs {
		values = append(values, run.Value)
		r.Seconds += run.Seconds
	}
	mean, interval, verdict := c.Judge(values)
	if r.Quick || len(r.Runs) < c.Seeds {
		verdict = CannotTell
	}
	r.Value, r.Interval, r.Verdict = &mean, &[2]number{number(interval[0]), number(interval[1])}, &verdict
}

//go:embed results
var shipped embed.FS

// Load returns a claim's result: from the folder, or else the one that ships in the program,
// or none yet. One of other conditions is none.
func Load(dir string, c Claim) (Result, error) {
	path := filepath.Join(dir, c.ID+".json")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = shipped.ReadFile("results/" + c.ID + ".json")
		if errors.Is(err, fs.ErrNotExist) {
			return c.result(), nil
		}
	}
	var r Result
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return r, damaged(c, path, err)
	}
	if r.Hash != c.Hash() {
		return c.result(), nil
	}
	return r, nil
}

func damaged(c Claim, path string, err error) error {
	return fmt.Errorf("the result of claim %s cannot be read: %w: remove %s, or measure the claim --again", c.ID, err, path)
}

// Measure runs a claim seed by seed and keeps each in dir as it comes: a run that was stopped
// goes on with the seeds that are missing. A result that is whole is returned as it is, unless
// again is set. Quick measurements are kept apart from others and judge nothing.
func Measure(ctx context.Context, l *Lab, c Claim, dir string, again bool, each func(Run)) (Result, error) {
	r := c.result()
	path := filepath.Join(dir, c.ID+".json")
	if l.Quick {
		path = filepath.Join(dir, c.ID+".quick.json")
	}
	var kept Result
	if err := rundir.ReadJSON(path, &kept); err == nil && kept.Hash == r.Hash && !again {
		r = kept
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) && !again {
		return r, damaged(c, path, err)
	}
	environment := rundir.NewEnvironment(l.Threads, 0)
	r.Environment, r.Quick = &environment, l.Quick
	for seed := uint64(len(r.Runs) + 1); int(seed) <= c.Seeds; seed++ {
		begin := time.Now()
		found, err := c.measure(ctx, l, seed)
		if err != nil {
			return r, fmt.Errorf("claim %s, seed %d: %w", c.ID, seed, err)
		}
		if math.IsNaN(found.value) || math.IsInf(found.value, 0) {
			return r, fmt.Errorf("claim %s, seed %d: what was measured is %v, not a number", c.ID, seed, found.value)
		}
		maps.DeleteFunc(found.beside, func(_ string, x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
		run := Run{seed, found.value, found.beside, time.Since(begin).Seconds()}
		r.Runs = append(r.Runs, run)
		r.judge(c)
		if err := rundir.WriteJSON(path, r); err != nil {
			return r, err
		}
		if each != nil {
			each(run)
		}
	}
	r.judge(c)
	return r, nil
}
