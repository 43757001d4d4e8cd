package task

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/negativa-lab/negativa"
)

// Dataset is the problems of one or more data files.
type Dataset struct {
	Files   []string
	Form    string  // the convention that the files' columns follow
	Columns Columns // where each part was found; empty where there is none
	Items   []Item  // in the order of the files and their rows
}

// Item is a problem of a data file, with what the file says about it.
type Item struct {
	negativa.Problem
	Messages     []Message // the chat up to the last turn of the user, whose text is the Prompt; nil where the prompt is plain text
	Solution     string    // a worked solution
	Stated       string    // what the gold column says
	FromSolution bool      // Gold is the final answer of Solution, not Stated
	Source       string    // data set that the problem comes from
	File         string
	Row          int // from 1; in JSON Lines the line
}

// Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// maths is the Task of problems that are read: package verify grades them.
const maths = "math"

// Read reads problems from parquet, JSON Lines or JSON array files; "-" is standard
// input. What the columns mean is detected from the first record of all files together;
// columns that are named win over detection.
//
// The gold answer is what the named gold column says; if none is named, the final answer
// of the solution (its last box, or what follows its last ####); else what the detected
// gold column says. An answer that is boxed or follows #### is taken out of the text
// around it. IDs are a hash of the question (the second problem with a question has -2
// behind it, and so on), or come from a column.
//
// A row that is no problem does not end the reading: Read returns the others with a
// RowErrors. It is deterministic.
func Read(columns Columns, files ...string) (Dataset, error) {
	c := collector{set: Dataset{Files: files, Columns: columns}, seen: map[string]place{}}
	for _, file := range files {
		if err := readFile(file, c.add); err != nil {
			return Dataset{}, fmt.Errorf("read problems: %w", err)
		}
	}
	if c.set.Form == "" {
		return Dataset{}, fmt.Errorf("read problems: %s holds no records", strings.Join(files, ", "))
	}
	if len(c.bad) > 0 {
		return c.set, c.bad
	}
	return c.set, nil
}

// collector gathers items and the rows that are none.
type collector struct {
	set  Dataset
	bad  RowErrors
	seen map[string]place // ids
}

// place is where a record stands.
type place struct {
	file string
	row  int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.row) }

func (c *collector) add(at place, r record) error {
	if c.set.Form == "" {
		form, columns, err := detect(r, c.set.Columns)
		if err != nil {
			return fmt.Errorf("%s: %w", at.file, err)
		}
		c.set.Form, c.set.Columns = form, columns
	}
	item, fault := c.set.Columns.item(r)
	if fault == nil {
		fault = c.identify(&item, at)
	}
	if fault != nil {
		c.bad = append(c.bad, RowError{File: at.file, Row: at.row, Column: fault.column, Reason: fault.reason})
		return nil
	}
	item.File, item.Row = at.file, at.row
	c.set.Items = append(c.set.Items, item)
	return nil
}

// identify makes the item's ID unique: the question's hash is numbered, a column's value
// must be so already.
func (c *collector) identify(item *Item, at place) *fault {
	id := cmp.Or(item.ID, hashOf(item.Prompt))
	first, again := c.seen[id]
	if again && item.ID != "" {
		return &fault{c.set.Columns.ID, fmt.Sprintf("%q is already the id of %s: name a column of unique ids with --id-field, or - for none", id, first)}
	}
	item.ID = id
	for n := 2; again; n++ {
		item.ID = fmt.Sprintf("%s-%d", id, n)
		_, again = c.seen[item.ID]
	}
	c.seen[item.ID] = at
	return nil
}

// RowError is a row that is no problem.
type RowError struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column string `json:"column"`
	Reason string `json:"reason"` // with what to do
}

func (e RowError) Error() string {
	return fmt.Sprintf("%s:%d: column %s: %s", e.File, e.Row, e.Column, e.Reason)
}

// RowErrors are all rows that are no problems, in order.
type RowErrors []RowError

func (e RowErrors) Error() string {
	const shown = 5
	var lines []string
	for _, row := range e[:min(shown, len(e))] {
		lines = append(lines, row.Error())
	}
	if more := len(e) - shown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more rows: negativa data check lists them", more))
	}
	return "these rows are no problems:\n  " + strings.Join(lines, "\n  ")
}

// Detected says in one line what was found where.
func (d Dataset) Detected() string {
	gold := d.Columns.Gold
	if from := d.Columns.Solution; from != "" && !d.Columns.named {
		gold = "the final answer of " + from
		if stated := d.Columns.Gold; stated != "" && stated != from {
			gold += ", else " + stated
		}
	}
	question := d.Columns.Question
	if len(d.Items) > 0 && d.Items[0].Messages != nil {
		question += " (chat)"
	}
	parts := []string{"question = " + question, "gold = " + gold}
	for _, p := range []struct{ part, column string }{
		{"solution", d.Columns.Solution}, {"subject", d.Columns.Subject}, {"level", d.Columns.Level}, {"source", d.Columns.Source},
	} {
		if p.column != "" {
			parts = append(parts, p.part+" = "+p.column)
		}
	}
	parts = append(parts, "id = "+cmp.Or(d.Columns.ID, "hash of the question"))
	return fmt.Sprintf("%s, %d problems: %s", d.Form, len(d.Items), strings.Join(parts, ", "))
}
