package grade

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestInputs grades inputs, good and bad: what is written before an error, and the error.
func TestInputs(t *testing.T) {
	datadriven.RunTest(t, "testdata/inputs", func(t *testing.T, d *datadriven.TestData) string {
		var wanted Fields
		d.MaybeScanArgs(t, "gold", &wanted.Gold)
		d.MaybeScanArgs(t, "response", &wanted.Response)
		content := strings.NewReplacer(`<ff>`, "\xff", `<bom>`, "\uFEFF", `<cr>`, "\r", `<blank>`, " ").Replace(d.Input)
		in, err := Open("-", strings.NewReader(content), wanted)
		if err != nil {
			return err.Error() + "\n"
		}
		var out bytes.Buffer
		err = Job{Input: in, Grade: grader, Workers: 2, Out: &out}.Run(context.Background())
		if err != nil {
			return out.String() + err.Error() + "\n"
		}
		return out.String()
	})
}

func TestEndlessLineIsAnError(t *testing.T) {
	first := `{"gold":"1","response":"1"}` + "\n"
	in, err := Open("-", strings.NewReader(first+strings.Repeat("x", maxLine+1)), Fields{})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = Job{Input: in, Grade: grader, Workers: 2, Out: &out}.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "standard input:2: the line is longer than 64 MiB") {
		t.Errorf("error is %v", err)
	}
	if strings.Count(out.String(), "\n") != 1 {
		t.Errorf("the row before it gives %q", out.String())
	}
}

// TestAgainst compares verdicts with those of another grader.
func TestAgainst(t *testing.T) {
	datadriven.RunTest(t, "testdata/against", against)
}
