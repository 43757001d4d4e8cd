package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/negativa-lab/negativa"
)

// Other is what another grader said of the same rows.
type Other struct {
	name    string
	entries map[string]*entry
	unused  int
}

type entry struct {
	line  int
	right bool
	said  json.RawMessage
	row   int // that it was compared with
}

// verdictNames are the keys of a grader's word, looked for in this order.
var verdictNames = []string{"verdict", "correct", "label", "score"}

// ReadOther reads another grader's output, one JSON object a line: the row's id (without
// one, the row's number) and verdict, one of the five, or correct, label or score, which
// is true or 1 for a right answer, false, 0 or -1 for one that is not.
func ReadOther(path string) (*Other, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	o := &Other{name: path, entries: map[string]*entry{}}
	lines := NewLines(path, f)
	for number := 1; ; number++ {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = o.add(line, number, lines.number)
		}
		if err != nil {
			return nil, fmt.Errorf("compare with %w", err)
		}
	}
	o.unused = len(o.entries)
	return o, nil
}

func (o *Other) add(line []byte, number, at int) error {
	object, err := parseObject(line)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", o.name, at, err)
	}
	id, err := Identity(object[idName], number)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", o.name, at, err)
	}
	e, err := verdictOf(object)
	if err != nil {
		return fmt.Errorf("%s:%d: %w", o.name, at, err)
	}
	e.line = at
	k := key(id)
	if first := o.entries[k]; first != nil {
		return fmt.Errorf("%s:%d: id %s was on line %d already: rows are matched by id, give each its own", o.name, at, id, first.line)
	}
	o.entries[k] = e
	return nil
}

func verdictOf(object map[string]json.RawMessage) (*entry, error) {
	for _, name := range verdictNames {
		said := object[name]
		if said == nil {
			continue
		}
		right, err := isRight(said)
		if err != nil {
			return nil, fmt.Errorf("%s is %s: %w", name, said, err)
		}
		return &entry{right: right, said: said}, nil
	}
	return nil, fmt.Errorf("there is none of %v: each line needs one, with what the grader said", verdictNames)
}

func isRight(said json.RawMessage) (bool, error) {
	switch string(said) {
	case "true", "1", "1.0":
		return true, nil
	case "false", "0", "0.0", "-1", "-1.0":
		return false, nil
	}
	var outcome negativa.Outcome
	if said[0] == '"' && json.Unmarshal(said, &outcome) == nil && outcome != negativa.Unverified {
		return outcome == negativa.Correct, nil
	}
	return false, errors.New(`it must be one of the five verdicts, true or 1 for a right answer, or false, 0 or -1 for one that is not`)
}

// key makes equal ids equal, however their texts are escaped.
func key(id json.RawMessage) string {
	if id[0] == '"' {
		return `"` + unquote(id)
	}
	return string(id)
}

// Disagreement is a row that one grader calls right and the other does not.
type Disagreement struct {
	ID        json.RawMessage  `json:"id"`
	Ours      negativa.Outcome `json:"ours"`
	Theirs    json.RawMessage  `json:"theirs"` // in their words
	Gold      string           `json:"gold"`
	Extracted string           `json:"extracted"`
	Reason    string           `json:"reason"`
}

// Agreement counts rows by what the two graders say of them: [ours][theirs], 1 for right.
type Agreement struct {
	Counts [2][2]int
	Alone  int // rows of which the other says nothing
}

// Compare counts a row and tells whether the graders disagree about it. It must be called
// once a row; an id that comes twice is an error.
func (o *Other) Compare(a *Agreement, row Row, result Result) (d Disagreement, differ bool, err error) {
	theirs := o.entries[key(row.ID)]
	if theirs == nil {
		a.Alone++
		return d, false, nil
	}
	if theirs.row > 0 {
		return d, false, fmt.Errorf("id %s is the id of rows %d and %d: rows are matched by id, give each its own", row.ID, theirs.row, row.Number)
	}
	theirs.row = row.Number
	o.unused--
	right := result.Verdict == negativa.Correct
	a.Counts[index(right)][index(theirs.right)]++
	d = Disagreement{ID: row.ID, Ours: result.Verdict, Theirs: theirs.said, Gold: row.Gold, Extracted: result.Extracted, Reason: result.Reason}
	return d, right != theirs.right, nil
}

// Unused is the number of the other's lines that no row had the id of, so far.
func (o *Other) Unused() int { return o.unused }

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
