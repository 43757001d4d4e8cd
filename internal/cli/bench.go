package cli

import (
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/bench"
)

type benchCommand struct {
	Patterns []string `arg:"" optional:"" name:"pattern" help:"Works to measure: what their names begin with (all)."`
	JSON     bool     `name:"json" help:"Print JSON."`
	Threads  int      `name:"threads" default:"0" help:"Threads; 0: one for each CPU."`
	Seconds  float64  `name:"seconds" default:"0.5" help:"How long each work is repeated; up to ten times as long for three runs."`
	DType    string   `name:"dtype" default:"f32" enum:"f32,bf16" help:"f32, or bf16: factors of the models' products in bfloat16."`
	Seed     uint64   `name:"seed" default:"1" help:"Seed of random weights and tokens."`
	List     bool     `name:"list" help:"List the works and measure nothing."`
}

// Help is what `negativa bench --help` says beside the flags.
func (c *benchCommand) Help() string {
	return `Measures kernels, training, scoring, sampling, decoding and whole RL steps on this
machine, each beside its floor: the operations and bytes that cannot be avoided, over
the peak and the memory bandwidth measured just before and after it. "machine" measures
those two alone. Works that do not fit in memory are skipped, and named.

Examples:  negativa bench gemm train/5m
           negativa bench decode --dtype bf16 --json`
}

func (c *benchCommand) Run(a *app) error {
	works, err := bench.Select(c.Patterns)
	if err != nil {
		return badInput(err)
	}
	if c.List {
		return c.list(a, works)
	}
	if c.Threads < 0 || !(c.Seconds >= 0) || math.IsInf(c.Seconds, 1) {
		return badInput(fmt.Errorf("threads is %d and seconds %v; they must be 0 or above", c.Threads, c.Seconds))
	}
	p := a.start("bench", len(works))
	report, err := bench.Run(a.ctx, works, bench.Options{
		Threads: threads(c.Threads), Seconds: c.Seconds, Seed: c.Seed, Precision: native.Precision(c.DType),
	}, func(r bench.Result, skipped string) {
		if skipped == "" {
			p.add(1, r.Note())
			return
		}
		a.log.Warn("skipped", "work", r.Name, "why", skipped)
		p.add(1, r.Name+" skipped")
	})
	p.stop()
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(a.stdout, report)
	}
	return report.Print(a.stdout)
}

func (c *benchCommand) list(a *app, works []bench.Work) error {
	for _, w := range works {
		if _, err := fmt.Fprintln(a.stdout, w.Name); err != nil {
			return err
		}
	}
	return nil
}
