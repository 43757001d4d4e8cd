package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// against grades three rows, a right, b wrong and the third right, beside the input,
// which is another grader's output.
func against(t *testing.T, d *datadriven.TestData) string {
	path := filepath.Join(t.TempDir(), "theirs.jsonl")
	if err := os.WriteFile(path, []byte(d.Input), 0o644); err != nil {
		t.Fatal(err)
	}
	clean := func(err error) string { return strings.ReplaceAll(err.Error(), path, "theirs.jsonl") + "\n" }
	other, err := ReadOther(path)
	if err != nil {
		return clean(err)
	}
	rows := []sample{{ID: "a", Gold: "1", Response: "1"}, {ID: "b", Gold: "1", Response: "2"}, {Gold: "3", Response: "3"}}
	if d.HasArg("twice") {
		rows = append(rows, rows[1])
	}
	in, err := Open("-", bytes.NewReader(encodeLines(rows)), Fields{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var a Agreement
	err = Job{Input: in, Grade: grader, Each: func(row Row, result Result) error {
		d, differ, err := other.Compare(&a, row, result)
		if differ {
			line, _ := json.Marshal(d)
			fmt.Fprintf(&out, "%s\n", line)
		}
		return err
	}}.Run(context.Background())
	if err != nil {
		return clean(err)
	}
	fmt.Fprintf(&out, "both right %d, here alone %d, there alone %d, neither %d; without a verdict %d, without a row %d\n",
		a.Counts[1][1], a.Counts[1][0], a.Counts[0][1], a.Counts[0][0], a.Alone, other.Unused())
	return out.String()
}
