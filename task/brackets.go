package task

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// brackets: complete a row of brackets of two kinds so that it is balanced.
//
// The prompt `([(>5:` asks for five characters more; `)]())` and `[])])` are two of its
// answers. Several are right, at least two, and all can be listed. Harder: more pairs,
// more of them missing.
type brackets struct {
	pairs int // in the completed row
	more  int // characters that are missing
}

const mostMissing = 10

func newBrackets(o options) (Family, error) {
	f := &brackets{pairs: 8, more: 6}
	set, err := o.set(option{"pairs", &f.pairs, 2, 24}, option{"more", &f.more, 2, mostMissing})
	if err != nil {
		return nil, err
	}
	if f.more >= 2*f.pairs {
		return nil, fmt.Errorf("option more is %d; %d pairs leave at most %d characters to add", f.more, f.pairs, 2*f.pairs-1)
	}
	return list(&listed{
		name: "brackets", options: set, alphabet: "()0123456789:>[]", form: "([(>5:",
		shape: shaped(`[()\[\]]+`), longest: f.more, least: 2, draw: f.draw, read: readBrackets,
	})
}

// unfinished is the beginning of a balanced row.
type unfinished struct {
	row  string
	more int
}

// draw opens or closes by a coin, as far as that leaves a way to the end.
func (f *brackets) draw(s draw.Source) puzzle {
	var row, open []byte
	for i := range 2*f.pairs - f.more {
		left := 2*f.pairs - i
		if len(open) == 0 || len(open) < left && s.IntN(uint64(i), 2) == 0 {
			opened := "(["[s.At(uint64(i)).IntN(0, 2)]
			row, open = append(row, opened), append(open, opened)
			continue
		}
		row = append(row, closing(open[len(open)-1]))
		open = open[:len(open)-1]
	}
	return unfinished{string(row), f.more}
}

func closing(opened byte) byte {
	if opened == '(' {
		return ')'
	}
	return ']'
}

func (u unfinished) prompt() string { return u.row + ">" + strconv.Itoa(u.more) }

func (u unfinished) answers() []string {
	open, ok := stillOpen(u.row)
	if !ok {
		return nil
	}
	var out []string
	var complete func(added string, open []byte)
	complete = func(added string, open []byte) {
		left := u.more - len(added)
		switch {
		case len(open) > left:
			return
		case left == 0:
			out = append(out, added)
			return
		}
		for _, opened := range []byte("([") {
			complete(added+string(opened), append(open[:len(open):len(open)], opened))
		}
		if last := len(open) - 1; last >= 0 {
			complete(added+string(closing(open[last])), open[:last])
		}
	}
	complete("", open)
	return out
}

// stillOpen are the brackets that a row leaves open; ok is false if it closes others.
func stillOpen(row string) (open []byte, ok bool) {
	for i := range len(row) {
		if row[i] == '(' || row[i] == '[' {
			open = append(open, row[i])
			continue
		}
		last := len(open) - 1
		if last < 0 || closing(open[last]) != row[i] {
			return nil, false
		}
		open = open[:last]
	}
	return open, true
}

func readBrackets(prompt string) puzzle {
	row, _, _ := strings.Cut(prompt, ">")
	numbers := integers(prompt)
	if len(numbers) != 1 || numbers[0] < 1 || numbers[0] > mostMissing || row == "" || strings.Trim(row, "()[]") != "" {
		return nil
	}
	u := unfinished{row, numbers[0]}
	if len(u.answers()) == 0 {
		return nil
	}
	return u
}
