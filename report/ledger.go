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
}

func (l Ledger) table() table {
	t := table{Head: []string{"claim", "statement", "literature", "measured here", "holds if", "found", "verdict"}}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, []string{r.ID, r.Statement + " (" + r.Source + ")", r.Literature, r.Quantity, r.Predicate, r.Value, r.Verdict})
	}
	return t
}

// Markdown writes the ledger as a table for a README.
func (l Ledger) Markdown(w io.Writer) error {
	t := l.table()
	t.Head[1] = "statement (source)"
	var b strings.Builder
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

// Write writes claims.html to a folder, which is made if there is none, and returns its path.
func (l Ledger) Write(dir string) (page string, err error) {
	d := document{
		Title: "Claims that can fail",
		Lead:  "Sentences of the literature, each with a predicate that was written before it was measured here. Small models decide nothing about large ones: they show whether a mechanism is there.",
	}
	t := table{Head: []string{"claim", "found", "holds if", "verdict"}}
	for _, r := range l.Rows {
		t.Rows = append(t.Rows, []string{r.ID, r.Value, r.Predicate, r.Verdict})
		d.Sentences = append(d.Sentences, fmt.Sprintf("%s. %s (%s.) There: %s. Here: %s: %s. %s.",
			r.ID, r.Statement, r.Source, r.Literature, r.Quantity, r.Value, strings.ToUpper(r.Verdict[:1])+r.Verdict[1:]))
		d.Notes = append(d.Notes, r.ID+": "+r.Conditions)
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
