// Package grade has rows of a gold answer and a response graded on all cores. Rows come
// from JSONL or parquet files and are never all in memory; verdicts leave in the order
// of the rows, so what is written does not depend on the number of workers, and a run
// that was killed goes on where it stopped.
package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// Row is one gold answer with one response to it.
type Row struct {
	Number   int             // 1-based, blank lines not counted
	ID       json.RawMessage // a JSON scalar as the input has it; Number, if it has none
	Gold     string
	Response string
}

// Result is what was found of a row, and a line of the output.
type Result struct {
	ID               json.RawMessage  `json:"id"`
	Verdict          negativa.Outcome `json:"verdict"`
	Reason           string           `json:"reason"`
	Extracted        string           `json:"extracted"`         // the answer as it stands in the response
	GoldNormal       string           `json:"gold_normal"`       // empty if unparsed
	PredictionNormal string           `json:"prediction_normal"` // empty if unparsed
}

// NewResult is what a grader found, with the row's id.
func NewResult(id json.RawMessage, g verify.Grade) Result {
	return Result{
		ID: id, Verdict: g.Outcome, Reason: g.Reason, Extracted: g.Extracted,
		GoldNormal: g.GoldNormal, PredictionNormal: g.PredictionNormal,
	}
}

// Grader says what a response is. It must be pure and safe for concurrent use.
type Grader func(gold, response string) verify.Grade

// Job is one pass over an input. Only Input and Grade are needed.
type Job struct {
	Input    *Input
	Grade    Grader
	Workers  int       // goroutines that grade; at least one
	Out      io.Writer // gets each result as a line, in whole lines
	Previous *Lines    // lines that an interrupted run wrote of the first rows: they are not written again

	Each     func(Row, Result) error // called in the order of the rows; the row is without its response
	Progress func(done int)          // called with the bytes (JSONL) or rows (parquet) done since the last call
}

// Run grades every row. An error names the file and the row and ends the run; results of
// all rows before it were written.
func (j Job) Run(ctx context.Context) error {
	batches := batcher{input: j.Input, previous: j.Previous}
	return inOrder(ctx, max(j.Workers, 1), batches.next, j.work, j.take)
}

// WriteError is a failure to write results, where every other error of a run is the
// input's.
type WriteError struct{ Err error }

func (e WriteError) Error() string { return "write results: " + e.Err.Error() }

// Unwrap gives the failure itself.
func (e WriteError) Unwrap() error { return e.Err }

// graded is a batch with its results.
type graded struct {
	rows    []Row
	results []Result
	lines   []byte // those that no earlier run wrote
	size    int
	err     error // of the row after the last of rows
}

// work grades a batch, up to its first bad row.
func (j Job) work(b batch) graded {
	g := graded{size: b.size}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for i, record := range b.records {
		row, err := record.row(j.Input.fields)
		if err != nil {
			g.err = fmt.Errorf("%s: %w", record.where(), err)
			break
		}
		var result Result
		if i < len(b.previous) {
			result, err = j.recall(row, b.previous[i], i == 0)
		} else {
			result = j.result(row)
			err = encoder.Encode(result)
		}
		if err != nil {
			g.err = fmt.Errorf("%s: %w", record.where(), err)
			break
		}
		row.Response = ""
		g.rows, g.results = append(g.rows, row), append(g.results, result)
	}
	g.lines = lines.Bytes()
	return g
}

func (j Job) result(row Row) Result { return NewResult(row.ID, j.Grade(row.Gold, row.Response)) }

// recall reads the line that an earlier run wrote of a row. With again it is also graded
// again, so that lines of another mode or another verifier are not continued.
func (j Job) recall(row Row, line []byte, again bool) (Result, error) {
	var r Result
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("continue %s: line %d is not a result: remove the file: %w", j.Previous.name, row.Number, err)
	}
	if !bytes.Equal(r.ID, row.ID) {
		return r, fmt.Errorf("continue %s: line %d is of id %s and the row's is %s, so it is of another input: remove the file",
			j.Previous.name, row.Number, r.ID, row.ID)
	}
	if now := j.result(row); again && (now.Verdict != r.Verdict || now.Extracted != r.Extracted || now.GoldNormal != r.GoldNormal) {
		return r, fmt.Errorf("continue %s: line %d says %q and this run says %q, so it is of another mode, version or input: remove the file",
			j.Previous.name, row.Number, r.Verdict, now.Verdict)
	}
	return r, nil
}

// take passes a batch's results on.
func (j Job) take(g graded) error {
	if len(g.lines) > 0 && j.Out != nil {
		if _, err := j.Out.Write(g.lines); err != nil {
			return WriteError{Err: err}
		}
	}
	for i, row := range g.rows {
		if j.Each == nil {
			break
		}
		if err := j.Each(row, g.results[i]); err != nil {
			return err
		}
	}
	if j.Progress != nil {
		j.Progress(g.size)
	}
	return g.err
}

// A batch is what one worker takes at once: enough rows that handing them over costs
// nothing, few enough that batches in flight are small.
type batch struct {
	records  []record
	previous [][]byte // lines of the first records
	size     int
}

const (
	batchRows  = 256
	batchBytes = 1 << 20
)

type batcher struct {
	input    *Input
	previous *Lines
	err      error // met while a batch was filled
}

// next fills a batch. An error comes after the records before it.
func (b *batcher) next() (batch, error) {
	var full batch
	for bytes := 0; b.err == nil && len(full.records) < batchRows && bytes < batchBytes; {
		r, err := b.input.next()
		if err == nil {
			err = b.recall(&full)
		}
		if err != nil {
			b.err = b.leftover(err)
			break
		}
		full.records = append(full.records, r)
		full.size += r.size
		bytes += r.size
	}
	if len(full.records) > 0 {
		return full, nil
	}
	return full, b.err
}

// recall adds the next line of an earlier run to a batch, if there is one.
func (b *batcher) recall(full *batch) error {
	if b.previous == nil {
		return nil
	}
	line, err := b.previous.next()
	if errors.Is(err, io.EOF) {
		b.previous = nil
		return nil
	}
	full.previous = append(full.previous, line)
	return err
}

// leftover refuses lines of an earlier run beyond the input's end.
func (b *batcher) leftover(err error) error {
	if b.previous == nil || !errors.Is(err, io.EOF) {
		return err
	}
	if _, more := b.previous.next(); errors.Is(more, io.EOF) {
		return err
	}
	return fmt.Errorf("continue %s: it has more lines than %s has rows, so it is of another input: remove the file", b.previous.name, b.input.name)
}
