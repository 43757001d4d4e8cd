package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// sequence: continue a sequence by its differences.
//
// The prompt `2,5,10,17,:` is answered `3,5,7;2,2>2>9>26`: the rows of differences down to
// one whose entries are equal, then what follows in each row, from the last to the first.
// This is the value of the polynomial of least degree through the terms. One answer is
// right. Harder: a higher degree, larger numbers.
type sequence struct {
	degree int // of the polynomial; degree + 2 terms are given
	max    int // each row begins with a number of 1 … max
}

func newSequence(o options) (Family, error) {
	f := &sequence{degree: 2, max: 20}
	set, err := o.set(option{"degree", &f.degree, 1, 4}, option{"max", &f.max, 2, 99})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "sequence", options: set, alphabet: ",0123456789:;>", form: "2,5,10,17,:",
		shape: shaped(`N(?:,N)*(?:;N(?:,N)*)*(?:>N)+`), longest: len(f.steepest().answers()[0]), draw: f.draw, read: readSequence,
	})
}

type terms []int

func (f *sequence) draw(s draw.Source) puzzle {
	return f.terms(func(row int) int { return 1 + s.IntN(uint64(row), f.max) })
}

// steepest has the largest number everywhere.
func (f *sequence) steepest() terms { return f.terms(func(int) int { return f.max }) }

// terms sums up the rows from the last, which is constant.
func (f *sequence) terms(first func(row int) int) terms {
	row := slices.Repeat(terms{first(f.degree)}, f.degree+2)
	for r := f.degree - 1; r >= 0; r-- {
		above := terms{first(r)}
		for _, difference := range row[:f.degree+1] {
			above = append(above, above[len(above)-1]+difference)
		}
		row = above
	}
	return row
}

func (t terms) prompt() string { return joined(t, ",") + "," }

// rows are those of differences, ending with a constant one; nil if there is none, or a
// difference is negative.
func (t terms) rows() []terms {
	rows := []terms{t}
	for row := t; len(row) > 2; {
		next := make(terms, len(row)-1)
		for i := range next {
			next[i] = row[i+1] - row[i]
		}
		if slices.Min(next) < 0 {
			return nil
		}
		rows, row = append(rows, next), next
		if slices.Min(row) == slices.Max(row) {
			return rows
		}
	}
	return nil
}

func (t terms) answers() []string {
	rows := t.rows()
	if rows == nil {
		return nil
	}
	var lines []string
	for _, row := range rows[1:] {
		lines = append(lines, joined(row, ","))
	}
	next, climb := 0, ""
	for _, row := range slices.Backward(rows) {
		next += row[len(row)-1]
		climb += fmt.Sprintf(">%d", next)
	}
	return []string{strings.Join(lines, ";") + climb}
}

func readSequence(prompt string) puzzle {
	const most = 8 // terms
	t := terms(integers(prompt))
	if len(t) < 3 || len(t) > most || slices.Max(t) > 1e6 || t.rows() == nil {
		return nil
	}
	return t
}
