package chat

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ardanlabs/jinja"
)

// A folder is a stranger's, and the library runs what its template says to the end: a loop in
// a loop may have none, and a macro that calls itself ends the process. So templates get calls
// that count: one at the beginning of each turn of a loop, one at either end of a macro.
const (
	mostTurns  = 1 << 20 // turns of loops, and calls of macros, of one text
	deepestRun = 200     // calls of macros within one another
	mostRange  = 100_000 // numbers of one range, as Jinja's own sandbox has it
)

// tags are comments, outputs and statements; of these the first word, and the dash that cuts
// the white space before and behind.
var tags = regexp.MustCompile(`(?s)\{#.*?#\}` +
	`|\{\{(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'"])*?\}\}` +
	`|\{%(-?)\s*(\w+)(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'"])*?(-?)%\}`)

// bounded puts the calls into a template, where they change no white space: beside a tag,
// with nothing between. In the tags it puts json_text for tojson.
func bounded(source string) string {
	var out strings.Builder
	at, raw := 0, false
	for _, m := range tags.FindAllStringSubmatchIndex(source, -1) {
		tag, left, word, right := source[m[0]:m[1]], "", "", ""
		if m[4] >= 0 {
			left, word, right = source[m[2]:m[3]], source[m[4]:m[5]], source[m[6]:m[7]]
		}
		if !raw && !strings.HasPrefix(tag, "{#") {
			tag = pythonJSON(tag)
		}
		before, behind := "", ""
		switch {
		case word == "raw", word == "endraw":
			raw = word == "raw"
		case raw:
		case word == "for":
			behind = "{% if negativa_turn() %}{% endif " + right + "%}"
		case word == "macro":
			behind = "{% if negativa_enter() %}{% endif " + right + "%}"
		case word == "endmacro":
			before = "{%" + left + " if negativa_leave() %}{% endif %}"
		}
		out.WriteString(source[at:m[0]] + before + tag + behind)
		at = m[1]
	}
	return out.String() + source[at:]
}

// counter counts while one text is written.
type counter struct{ turns, depth int }

func (c *counter) turn() error {
	if c.turns++; c.turns > mostTurns {
		return fmt.Errorf("the template turns in loops more than %d times: it may never end; mend its loops", mostTurns)
	}
	return nil
}

func (c *counter) enter() error {
	if c.depth++; c.depth > deepestRun {
		return fmt.Errorf("the template's macros call one another more than %d deep: it may never end; mend the macro that calls itself", deepestRun)
	}
	return c.turn()
}

func (c *counter) leave() error {
	c.depth--
	return nil
}

// functions are what bounded calls, and a range that is no longer than a template may need.
func (c *counter) functions() map[string]jinja.Value {
	call := func(name string, count func() error) jinja.Value {
		return jinja.NewCallable(name, func([]jinja.Value, map[string]jinja.Value) (jinja.Value, error) {
			return jinja.NewBool(false), count()
		})
	}
	return map[string]jinja.Value{
		"negativa_turn":  call("negativa_turn", c.turn),
		"negativa_enter": call("negativa_enter", c.enter),
		"negativa_leave": call("negativa_leave", c.leave),
		"range":          jinja.NewCallable("range", numbers),
	}
}

// numbers is range(stop), range(start, stop) or range(start, stop, step).
func numbers(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	if len(args) < 1 || len(args) > 3 || slices.ContainsFunc(args, func(v jinja.Value) bool { return !v.IsInt() }) {
		return jinja.None(), errors.New("range takes one to three whole numbers")
	}
	start, stop, step := int64(0), args[0].AsInt(), int64(1)
	if len(args) > 1 {
		start, stop = stop, args[1].AsInt()
	}
	if len(args) > 2 {
		step = args[2].AsInt()
	}
	if step == 0 {
		return jinja.None(), errors.New("the step of a range is 0")
	}
	var items []jinja.Value
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if len(items) == mostRange {
			return jinja.None(), fmt.Errorf("a range has more than %d numbers: mend the template", mostRange)
		}
		items = append(items, jinja.NewInt(i))
	}
	return jinja.NewList(items), nil
}
