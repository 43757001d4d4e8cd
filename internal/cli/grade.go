package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/grade"
	"github.com/negativa-lab/negativa/verify"
)

type gradeCommand struct {
	File          string `arg:"" name:"file" help:"JSONL or parquet file of gold answers and responses; - reads JSONL from standard input."`
	GoldField     string `name:"gold-field" aliases:"gold_field" help:"Field of the gold answer; a dot leads into an object. Default: the first there is of ${gold_names}."`
	ResponseField string `name:"response-field" aliases:"response_field" help:"Field of the response. Default: the first there is of ${response_names}."`
	Mode          string `name:"mode" default:"math" help:"How answers are found and compared: ${modes}."`
	Out           string `name:"out" type:"path" help:"File for the verdicts, instead of standard output; the same command goes on with it after a kill."`
	Against       string `name:"against" type:"path" help:"JSONL file of another grader's verdicts: print where the two disagree."`
	Threads       int    `name:"threads" default:"0" help:"Threads; 0: one for each CPU. No result depends on it."`
}

// Help is what `negativa grade --help` says beside the flags.
func (c *gradeCommand) Help() string {
	return `One JSON object a row, in the order of the rows: id (the row's own, or its number),
verdict, reason, extracted, gold_normal, prediction_normal. The verdict is correct,
wrong, unparsed prediction, unparsed gold or over budget; how often each was said goes
to standard error.

Modes: math; strict, for training, where boxes that disagree are wrong; paper, with the
extraction and the tolerance of arXiv 2506.01347. Numbers are exact, and a rounded one is
wrong, but in math:decimals=4 and strict:decimals=4 numbers that are the same when they are
rounded to 4 decimals are equal, and the reason says so; what rounds to 0 is 0.

--out writes FILE.partial and renames it when it is whole; FILE.partial.conditions says how
its lines are graded, so that they are gone on with in the same way. --against matches rows by id
with lines that have verdict, correct, label or score, prints the rows that one grader
calls right and the other does not, and counts them.

Examples:  negativa grade responses.jsonl > verdicts.jsonl
           negativa grade responses.parquet --gold-field reward_model.ground_truth --out verdicts.jsonl
           negativa grade responses.jsonl --against theirs.jsonl`
}

// gradeRun is what a run of grade adds up.
type gradeRun struct {
	counts    [negativa.OverBudget + 1]int
	rows      int
	agreement grade.Agreement
}

func (c *gradeCommand) Run(a *app) (err error) {
	verifier, err := verify.New(c.Mode)
	if err != nil {
		return badInput(err)
	}
	var other *grade.Other
	if c.Against != "" {
		if other, err = grade.ReadOther(c.Against); err != nil {
			return badInput(err)
		}
	}
	in, err := grade.Open(c.File, a.stdin, grade.Fields{Gold: c.GoldField, Response: c.ResponseField})
	if err != nil {
		return badInput(err)
	}
	defer func() {
		if a.ctx.Err() == nil { // else a row may still be being read
			err = errors.Join(err, in.Close())
		}
	}()
	a.log.Info("grade", "gold", in.Fields().Gold, "response", in.Fields().Response, "mode", c.Mode)
	return c.grade(a, verifier, in, other)
}

// grade grades the rows into --out or standard output, which disagreements have if there
// is another grader.
func (c *gradeCommand) grade(a *app, verifier verify.Math, in *grade.Input, other *grade.Other) error {
	run, begin := &gradeRun{}, time.Now()
	job := grade.Job{Input: in, Grade: verifier.Grade, Workers: c.Threads, Out: a.stdout, Each: run.each(a.stdout, other)}
	if c.Threads <= 0 {
		job.Workers = runtime.GOMAXPROCS(0)
	}
	if other != nil {
		job.Out = nil
	}
	finish := func() error { return nil }
	if c.Out != "" {
		conditions := fmt.Sprintf("verifier %s, mode %s, gold %s, response %s", verify.Version, c.Mode, in.Fields().Gold, in.Fields().Response)
		draft, err := grade.OpenDraft(c.Out, conditions)
		if err != nil {
			return badInput(err)
		}
		defer draft.Close() //nolint:errcheck // whole lines were written, and Finish closes it first
		if job.Previous = draft.Previous(); job.Previous != nil {
			a.log.Info("continue what an earlier run wrote", "file", c.Out)
		}
		job.Out, finish = draft, draft.Finish
	}
	if in.Total() > 0 && (c.Out != "" || !isTerminal(a.stdout)) {
		p := a.start("grade", in.Total())
		defer p.stop()
		job.Progress = func(done int) { p.add(done, run.note()) }
	}
	if err := job.Run(a.ctx); err != nil {
		return gradeError(err)
	}
	if err := finish(); err != nil {
		return err
	}
	if other != nil && run.agreement.Alone == run.rows {
		return badInput(fmt.Errorf("compare %s with %s: no row's id is among its ids, so there is nothing to compare: write the rows' ids to it", c.File, c.Against))
	}
	return c.summarize(a.stderr, run, other, time.Since(begin))
}

// gradeError tells bad rows from what the user did not cause.
func gradeError(err error) error {
	if errors.As(err, new(grade.WriteError)) {
		return err
	}
	return badInput(err)
}

// each counts rows, and prints those that the other grader sees otherwise.
func (r *gradeRun) each(w io.Writer, other *grade.Other) func(grade.Row, grade.Result) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return func(row grade.Row, result grade.Result) error {
		r.rows++
		r.counts[result.Verdict]++
		if other == nil {
			return nil
		}
		d, differ, err := other.Compare(&r.agreement, row, result)
		if err != nil || !differ {
			return err
		}
		if err := out.Encode(d); err != nil {
			return grade.WriteError{Err: err}
		}
		return nil
	}
}

func (r *gradeRun) note() string {
	return fmt.Sprintf("%.1f %% correct", share(r.counts[negativa.Correct], r.rows))
}

func share(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

func (c *gradeCommand) summarize(w io.Writer, r *gradeRun, other *grade.Other, took time.Duration) error {
	var s strings.Builder
	fmt.Fprintf(&s, "%d rows in %s, mode %s\n", r.rows, took.Round(time.Millisecond), c.Mode)
	for o := negativa.Correct; o <= negativa.OverBudget; o++ {
		fmt.Fprintf(&s, "  %-20s %9d  %6.2f %%\n", o, r.counts[o], share(r.counts[o], r.rows))
	}
	if other != nil {
		a := r.agreement
		both := a.Counts[0][0] + a.Counts[1][1]
		matched := both + a.Counts[0][1] + a.Counts[1][0]
		fmt.Fprintf(&s, "beside %s: the two agree on %.2f %% of %d rows\n", c.Against, share(both, matched), matched)
		fmt.Fprintf(&s, "  %-20s %9s %9s\n", "", "right", "not right")
		fmt.Fprintf(&s, "  %-20s %9d %9d\n", "here: right", a.Counts[1][1], a.Counts[1][0])
		fmt.Fprintf(&s, "  %-20s %9d %9d\n", "here: not right", a.Counts[0][1], a.Counts[0][0])
		fmt.Fprintf(&s, "  rows without a verdict there: %d; verdicts without a row here: %d\n", a.Alone, other.Unused())
	}
	_, err := io.WriteString(w, s.String())
	return err
}
