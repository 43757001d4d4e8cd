package report_test

import (
	"os"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/report"
)

// The ledger says of every claim what was found, counts the verdicts, and escapes what would
// end a cell.
func TestLedger(t *testing.T) {
	l := report.Ledger{Rows: []report.LedgerRow{
		{ID: "A1", Statement: "|x| grows", Source: "s", Literature: "1", Quantity: "q", Predicate: "above 0", Value: "2 [1, 3]", Verdict: "holds", Conditions: "c", Beside: []string{"Pass@1 5"}},
		{ID: "A2", Value: "–", Verdict: "not run"},
		{ID: "A3", Value: "–", Verdict: "not run"},
	}}
	const tally = "3 claims: 1 holds, 2 were not run."
	var table strings.Builder
	if err := l.Markdown(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{tally + "\n\n| ", `| A1 | \|x\| grows (s) | 1 | q: **2 [1, 3]**; holds if above 0 | holds |`} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	path, err := l.Write(t.TempDir() + "/new")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{tally, "A1: c. Means over seeds: Pass@1 5", "<td>holds</td>"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
