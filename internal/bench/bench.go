// Package bench measures how fast this program works here: kernels, sampling, scoring,
// training and whole RL steps, each beside its floor, which is the least time that this
// machine could take.
//
// A floor is made of the operations and bytes that cannot be avoided, over the rates that
// the machine reaches at best. Both rates are measured again right before and right after
// each work, and the better counts: clocks drift and neighbours come and go.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/negativa-lab/negativa/engine/native"
)

// Units of rates.
const (
	gflops = "GFLOP/s"
	gbytes = "GB/s"
	tokens = "tok/s"
)

// Options say how to measure.
type Options struct {
	Threads   int              // ≥ 1
	Seconds   float64          // ≥ 0: how long each work is repeated; ten times as long where it takes that for three runs
	Seed      uint64           // of random weights and tokens
	Precision native.Precision // of the models' products
}

// Work is something to measure.
type Work struct {
	Name string
	unit string
	half bool // its products are of bfloat16 numbers, whatever the precision of models
	// prepare makes everything that is not timed.
	prepare func(ctx context.Context, s *session) (job, error)
}

// job is a work that is ready: every run does the same and costs the same.
type job struct {
	Cost
	run func(ctx context.Context) error
}

// Cost is the least that a run must do.
type Cost struct {
	Tokens float64 // that the run's rate counts; 0 for kernels
	Flops  float64 // of products, two a multiply-add; 0 for kernels that are none
	Bytes  float64 // to and from memory
}

func (c Cost) plus(d Cost) Cost {
	return Cost{c.Tokens + d.Tokens, c.Flops + d.Flops, c.Bytes + d.Bytes}
}

// amount is what a rate in a unit counts.
func (c Cost) amount(unit string) float64 {
	switch unit {
	case gflops:
		return c.Flops / 1e9
	case gbytes:
		return c.Bytes / 1e9
	}
	return c.Tokens
}

// floor is max(flops / peak, bytes / bandwidth) in seconds, or 0 where the machine's peak
// is not known.
func (c Cost) floor(m Machine) float64 {
	if c.Flops > 0 && m.Flops == 0 {
		return 0
	}
	floor := c.Bytes / m.Bytes
	if c.Flops > 0 {
		floor = max(floor, c.Flops/m.Flops)
	}
	return floor
}

// Result is what was measured of a work.
type Result struct {
	Name         string  `json:"name"`
	Rate         float64 `json:"rate"` // of the median run
	Unit         string  `json:"unit"`
	Seconds      float64 `json:"seconds"` // median of the runs
	MinSeconds   float64 `json:"min_seconds"`
	MaxSeconds   float64 `json:"max_seconds"`
	Runs         int     `json:"runs"`
	Flops        float64 `json:"flops"` // that a run must do
	Bytes        float64 `json:"bytes"` // that a run must move
	FloorSeconds float64 `json:"floor_seconds"`
	Fraction     float64 `json:"fraction"` // FloorSeconds / Seconds; 0 where the peak is not known

	Machine Machine `json:"-"` // at its best before and after
}

// Report is what `negativa bench --json` prints.
type Report struct {
	Conditions Conditions `json:"conditions"`
	Results    []Result   `json:"results"`
}

// Run measures works in turn and calls each after every one; skipped is empty, or says
// why the work could not be prepared, which usually is that its model does not fit in
// memory. Works of one model must follow one another, or it is made again.
func Run(ctx context.Context, works []Work, o Options, each func(r Result, skipped string)) (Report, error) {
	s := newSession(o)
	report := Report{Conditions: newConditions(o), Results: []Result{}}
	report.Conditions.observe(s.probe.measure(false))
	for _, w := range works {
		r, err := s.measure(ctx, w)
		switch unfit := new(unfitError); {
		case ctx.Err() != nil:
			return report, ctx.Err()
		case errors.As(err, unfit):
			report.Conditions.Skipped = append(report.Conditions.Skipped, w.Name+": "+unfit.Error())
			each(Result{Name: w.Name}, unfit.Error())
		case err != nil:
			return report, fmt.Errorf("measure %s: %w", w.Name, err)
		default:
			report.Conditions.observe(r.Machine)
			report.Results = append(report.Results, r)
			each(r, "")
		}
	}
	return report, nil
}

// unfitError is about a work that cannot be prepared here.
type unfitError struct{ error }

func (e unfitError) Unwrap() error { return e.error }

// session is what works share.
type session struct {
	Options
	probe  *probe
	loaded model
}

func newSession(o Options) *session { return &session{Options: o, probe: newProbe(o.Threads)} }

// ready prepares a work and runs it once, so that what is made on first use is there.
func (s *session) ready(ctx context.Context, w Work) (job, error) {
	j, err := w.prepare(ctx, s)
	if err == nil {
		err = j.run(ctx)
	}
	if err != nil {
		return job{}, unfitError{err}
	}
	runtime.GC() // what the preparation left is not the work's to collect
	return j, nil
}

func (s *session) measure(ctx context.Context, w Work) (Result, error) {
	j, err := s.ready(ctx, w)
	if err != nil {
		return Result{}, err
	}
	half := w.half || w.unit == tokens && s.Precision == native.BF16
	machine := s.probe.measure(half)
	var seconds []float64
	for total := 0.0; total < s.Seconds || len(seconds) < 3 && total <= 10*s.Seconds; {
		start := time.Now()
		if err := j.run(ctx); err != nil {
			return Result{}, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
		total += seconds[len(seconds)-1]
	}
	return newResult(w, j.Cost, machine.best(s.probe.measure(half)), seconds), nil
}

func newResult(w Work, c Cost, m Machine, seconds []float64) Result {
	slices.Sort(seconds)
	n := len(seconds)
	median := (seconds[(n-1)/2] + seconds[n/2]) / 2
	floor := c.floor(m)
	return Result{
		Name: w.Name, Unit: w.unit, Rate: c.amount(w.unit) / median,
		Seconds: median, MinSeconds: seconds[0], MaxSeconds: seconds[n-1], Runs: n,
		Flops: c.Flops, Bytes: c.Bytes, FloorSeconds: floor, Fraction: floor / median,
		Machine: m,
	}
}
