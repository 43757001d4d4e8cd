package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

// grader has every outcome: the first letter of a response says which.
func grader(gold, response string) verify.Grade {
	g := verify.Grade{Outcome: negativa.Wrong, Reason: "<not> the same", Extracted: response, GoldNormal: gold, PredictionNormal: response}
	switch {
	case response == gold:
		g.Outcome, g.Reason = negativa.Correct, ""
	case response == "":
		g.Outcome, g.PredictionNormal = negativa.UnparsedPrediction, ""
	case gold == "":
		g.Outcome, g.GoldNormal = negativa.UnparsedGold, ""
	case response[0] == '9':
		g.Outcome = negativa.OverBudget
	}
	return g
}

// sample is a row as a test writes it.
type sample struct {
	ID       any    `json:"id,omitempty"`
	Gold     string `json:"gold"`
	Response string `json:"response"`
	Padding  string `json:"padding,omitempty"`
}

func samples(t *rapid.T) []sample {
	texts := rapid.SampledFrom([]string{"", "1", "2", "9", "é\u2028\"<&>", "\\boxed{1}"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sample {
		s := sample{Gold: texts.Draw(t, "gold"), Response: texts.Draw(t, "response")}
		s.ID = rapid.SampledFrom([]any{nil, "a", "é<", 7, 12345678901234567890.0, true}).Draw(t, "id")
		if rapid.IntRange(0, 499).Draw(t, "long") == 0 {
			s.Padding = strings.Repeat("x", batchBytes)
		}
		return s
	}), 1, 3*batchRows).Draw(t, "rows")
}

func encodeLines(rows []sample) []byte {
	var out bytes.Buffer
	for _, r := range rows {
		line, _ := json.Marshal(r)
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// plain grades one row after the other, with nothing of this package but Result.
func plain(rows []sample) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	for i, r := range rows {
		id, _ := json.Marshal(r.ID)
		if r.ID == nil {
			id = fmt.Append(nil, i+1)
		}
		g := grader(r.Gold, r.Response)
		_ = e.Encode(Result{id, g.Outcome, g.Reason, g.Extracted, g.GoldNormal, g.PredictionNormal})
	}
	return out.Bytes()
}

type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func run(t tester, content []byte, job Job) []byte {
	t.Helper()
	in, err := Open("-", bytes.NewReader(content), Fields{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	var out bytes.Buffer
	job.Input, job.Grade, job.Out = in, grader, &out
	if err := job.Run(context.Background()); err != nil {
		t.Fatalf("run: %v", err)
	}
	return out.Bytes()
}

func TestOutputDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := samples(t)
		content, want := encodeLines(rows), plain(rows)
		workers := rapid.IntRange(1, 9).Draw(t, "workers")
		done, number := 0, 0
		got := run(t, content, Job{
			Workers:  workers,
			Progress: func(n int) { done += n },
			Each: func(r Row, _ Result) error {
				if number++; r.Number != number {
					t.Fatalf("row %d came as number %d", r.Number, number)
				}
				return nil
			},
		})
		if !bytes.Equal(got, want) {
			t.Fatalf("%d workers write\n%s\nwant\n%s", workers, got, want)
		}
		if done != len(content) || number != len(rows) {
			t.Fatalf("progress ends at %d of %d bytes, %d of %d rows", done, len(content), number, len(rows))
		}
	})
}

// A run killed at any byte of its output and started again leaves the bytes of one that
// was not, and hands every row to Each.
func TestKilledRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		rows := samples(t)
		content, want := encodeLines(rows), plain(rows)
		path := filepath.Join(dir, "out.jsonl")
		defer os.Remove(path)
		if err := os.WriteFile(path+draftSuffix, want[:rapid.IntRange(0, len(want)).Draw(t, "killed at byte")], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+draftSuffix+conditionsSuffix, []byte("as ever\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		d, err := OpenDraft(path, "as ever")
		if err != nil {
			t.Fatal(err)
		}
		in, err := Open("-", bytes.NewReader(content), Fields{})
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		job := Job{Input: in, Grade: grader, Workers: 2, Out: d, Previous: d.Previous(), Each: func(Row, Result) error { seen++; return nil }}
		if err := job.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := d.Finish(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) || seen != len(rows) {
			t.Fatalf("continued run: %v, %d of %d rows, writes\n%s\nwant\n%s", err, seen, len(rows), got, want)
		}
	})
}

func TestAnotherRunIsNotContinued(t *testing.T) {
	rows := []sample{{ID: "a", Gold: "1", Response: "1"}, {ID: "b", Gold: "1", Response: "2"}}
	for name, c := range map[string]struct {
		previous []sample
		want     string
	}{
		"other ids":      {[]sample{{ID: "c", Gold: "1", Response: "1"}}, `line 1 is of id "c" and the row's is "a"`},
		"other verdicts": {[]sample{{ID: "a", Gold: "1", Response: "2"}}, `line 1 says "wrong" and this run says "correct"`},
		"more rows":      {append(rows[:2:2], rows...), "more lines than standard input has rows"},
	} {
		in, err := Open("-", bytes.NewReader(encodeLines(rows)), Fields{})
		if err != nil {
			t.Fatal(err)
		}
		previous := NewLines("out.partial", bytes.NewReader(plain(c.previous)))
		err = Job{Input: in, Grade: grader, Previous: previous, Out: io.Discard}.Run(context.Background())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%s: error is %v, want %q", name, err, c.want)
		}
	}
}

func TestParquetIsGradedAsJSONL(t *testing.T) {
	type gold struct {
		GroundTruth string `parquet:"ground_truth"`
		Style       string `parquet:"style"`
	}
	type row struct {
		ID       int64    `parquet:"id"`
		Model    gold     `parquet:"reward_model"`
		Response string   `parquet:"response"`
		Tags     []string `parquet:"tags"`
	}
	var rows []row
	var same []sample
	for i := range 1000 {
		rows = append(rows, row{int64(i), gold{fmt.Sprint(i % 3), "rule"}, fmt.Sprint(i % 2), []string{"a", "b"}})
		same = append(same, sample{ID: i, Gold: fmt.Sprint(i % 3), Response: fmt.Sprint(i % 2)})
	}
	path := filepath.Join(t.TempDir(), "rows.bin") // known by its content, not by its name
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[row](file, parquet.MaxRowsPerRowGroup(300))
	if _, err = w.Write(rows); err == nil {
		err = w.Close()
	}
	if err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	in, err := Open(path, nil, Fields{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (Job{Input: in, Grade: grader, Workers: 3, Out: &out}).Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(out.Bytes(), plain(same)) || in.Fields().Gold != "reward_model.ground_truth" || in.Total() != 1000 {
		t.Errorf("parquet with %+v and %d rows gives\n%s", in.Fields(), in.Total(), out.Bytes())
	}
	if _, err := Open(path, nil, Fields{Gold: "tags"}); err == nil || !strings.Contains(err.Error(), `no field "tags"`) {
		t.Errorf("a list as gold: %v", err)
	}
	damaged, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, damaged[:len(damaged)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil, Fields{}); err == nil || !strings.Contains(err.Error(), "perhaps it is cut off") {
		t.Errorf("half a file: %v", err)
	}
}

// TestParquetNumbers: a gold is the number that the column's type says, not the bits that it
// is stored as.
func TestParquetNumbers(t *testing.T) {
	type row[T any] struct {
		Gold     T      `parquet:"gold"`
		Response string `parquet:"response"`
	}
	type small struct {
		Gold     int32  `parquet:"gold,decimal(2:9)"`
		Response string `parquet:"response"`
	}
	type middle struct {
		Gold     int64  `parquet:"gold,decimal(3:18)"`
		Response string `parquet:"response"`
	}
	type large struct {
		Gold     [9]byte `parquet:"gold,decimal(2:20)"`
		Response string  `parquet:"response"`
	}
	path := filepath.Join(t.TempDir(), "numbers.parquet")
	for _, c := range []struct {
		name  string
		write error
		want  string
	}{
		{"uint32", parquet.WriteFile(path+"uint32", []row[uint32]{{4294967295, ""}}), "4294967295"},
		{"uint64", parquet.WriteFile(path+"uint64", []row[uint64]{{18446744073709551615, ""}}), "18446744073709551615"},
		{"int64", parquet.WriteFile(path+"int64", []row[int64]{{-7, ""}}), "-7"},
		{"float", parquet.WriteFile(path+"float", []row[float32]{{0.1, ""}}), "0.1"},
		{"decimal", parquet.WriteFile(path+"decimal", []small{{250, ""}}), "2.50"},
		{"negative", parquet.WriteFile(path+"negative", []middle{{-1, ""}}), "-0.001"},
		{"bytes", parquet.WriteFile(path+"bytes", []large{{[9]byte{7: 1, 8: 4}, ""}}), "2.60"},
		{"negative bytes", parquet.WriteFile(path+"negative bytes", []large{{[9]byte{255, 255, 255, 255, 255, 255, 255, 255, 156}, ""}}), "-1.00"},
	} {
		if c.write != nil {
			t.Fatal(c.write)
		}
		in, err := Open(path+c.name, nil, Fields{})
		if err != nil {
			t.Fatal(err)
		}
		grade := func(gold, response string) verify.Grade {
			if gold != c.want {
				t.Errorf("%s: the gold is %s, want %s", c.name, gold, c.want)
			}
			return grader(gold, response)
		}
		if err := (Job{Input: in, Grade: grade, Out: io.Discard}).Run(context.Background()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestInterruptedRunEndsBetweenLines(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	r, w := io.Pipe() // it never ends
	go func() {
		for {
			if _, err := w.Write([]byte("{\"gold\":\"1\",\"response\":\"1\"}\n")); err != nil {
				return
			}
		}
	}()
	defer r.Close()
	in, err := Open("-", r, Fields{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = Job{Input: in, Grade: grader, Workers: 2, Out: &out, Progress: func(int) { interrupt() }}.Run(ctx)
	if err != context.Canceled || !bytes.HasSuffix(out.Bytes(), []byte("}\n")) {
		t.Errorf("interrupted: %v after %d bytes", err, out.Len())
	}
}
