package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Ledger is what claims of the literature were found to be: a row each.
type Ledger struct{ Rows []LedgerRow }

// LedgerRow is one claim, in words.
type LedgerRow struct {
	ID, Statement, Source, Literature, Quantity, Predicate, Value, Verdict, Conditions string

	Beside []string // what the value was made of, or helps to read it: a name and a number each
}

// Tally counts the verdicts, in words.
func (l Ledger) Tally() string {
	count := map[string]int{}
	for _, r := range l.Rows {
		count[r.Verdict]++
	}
	parts := []string{fmt.Sprintf("%d claims", len(l.Rows))}
	for _, v := range []struct{ verdict, one, many string }{
		{"holds", "holds", "hold"}, {"fails", "fails", "fail"}, {"cannot tell", "cannot be told", "cannot be told"}, {"not run", "was not run", "were not run"},
	} {
		switch n := count[v.verdict]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+v.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, v.many))
		}
	}
	return parts[0] + ": " + strings.Join(parts[1:], ", ") + "."
}

// Markdown writes the ledger as a table for a README.
func (l Ledger) Markdown(w io.Writer) error {
	t := table{Head: []string{"", "statement", "there", "here", "verdict"}}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, []string{
			r.ID, r.Statement + " (" + r.Source + ")", r.Literature, r.Quantity + ": **" + r.Value + "**; holds if " + r.Predicate, r.Verdict,
		})
	}
	var b strings.Builder
	b.WriteString(l.Tally() + "\n\n")
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", "\\|") + " ")
		}
		b.WriteString("|\n")
	}
	line(t.Head)
	b.WriteString(strings.Repeat("| --- ", len(t.Head)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// beside continues a sentence, if there is something to say.
func (r LedgerRow) beside() string {
	if len(r.Beside) == 0 {
		return ""
	}
	return ". Means over seeds: " + strings.Join(r.Beside, "; ")
}

// Write writes claims.html to a folder, which is made if there is none, and returns its path.
func (l Ledger) Write(dir string) (page string, err error) {
	d := document{
		Title: "Claims that can fail",
		Lead:  "Sentences of the literature, each with a predicate that was written before it was measured here. Small models decide nothing about large ones: they show whether a mechanism is there. " + l.Tally(),
	}
	t := table{Head: []string{"claim", "found", "holds if", "verdict"}}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, []string{r.ID, r.Value, r.Predicate, r.Verdict})
		d.Sentences = append(d.Sentences, fmt.Sprintf("%s. %s (%s.) There: %s. Here: %s: %s. %s.",
			r.ID, r.Statement, r.Source, r.Literature, r.Quantity, r.Value, strings.ToUpper(r.Verdict[:1])+r.Verdict[1:]))
		d.Notes = append(d.Notes, r.ID+": "+r.Conditions+r.beside())
	}
	d.Tables = []table{t}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	html, err := d.html()
	if err != nil {
		return "", err
	}
	page = filepath.Join(dir, "claims.html")
	return page, replaceFile(page, html)
}
