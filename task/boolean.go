package task

import (
	"regexp"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// boolean: rewrite an expression of & (and), | (or) and ! (not) until one bit is left.
//
// The prompt `((1&0)|!1):` is answered `(0|!1)=(0|0)=0`: each rewriting replaces the first
// part that can be replaced. One answer is right. Harder: more operators.
type boolean struct{ operators int } // that take two operands

func newBoolean(o options) (Family, error) {
	f := &boolean{operators: 3}
	set, err := o.set(option{"operators", &f.operators, 1, 8})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "boolean", options: set, alphabet: "!&()01:=|", form: "((1&0)|!1):",
		shape: shaped(`[!&()01|]+(?:=[!&()01|]+)*`), longest: f.longest(), draw: f.draw, read: readBoolean,
	})
}

// longest rewrites with a ! before every bit, all of which go before the first operator.
func (f *boolean) longest() int {
	bits := f.operators + 1
	length, all := 4*f.operators+1+bits, 0
	for range bits {
		length--
		all += length + len("=")
	}
	for range f.operators {
		length -= len("(0&0)") - len("0")
		all += length + len("=")
	}
	return all - len("=")
}

type expression string

func (f *boolean) draw(s draw.Source) puzzle { return expression(grow(s, f.operators)) }

// grow draws an expression: how its operators are shared among its operands, the operator,
// and at the leaves a bit, negated one time in four.
func grow(s draw.Source, operators int) string {
	if operators == 0 {
		return []string{"0", "1", "0", "1", "0", "1", "!0", "!1"}[s.IntN(0, 8)]
	}
	left := s.IntN(0, operators)
	op := string("&|"[s.IntN(1, 2)])
	return "(" + grow(s.At(0), left) + op + grow(s.At(1), operators-1-left) + ")"
}

func (e expression) prompt() string { return string(e) }

// redex is a part that can be replaced by its value.
var redex = regexp.MustCompile(`![01]|\([01][&|][01]\)`)

var values = map[string]string{
	"!0": "1", "!1": "0", "(0&0)": "0", "(0&1)": "0", "(1&0)": "0", "(1&1)": "1", "(0|0)": "0", "(0|1)": "1", "(1|0)": "1", "(1|1)": "1",
}

func (e expression) answers() []string {
	var lines []string
	text := string(e)
	for at := redex.FindStringIndex(text); at != nil; at = redex.FindStringIndex(text) {
		text = text[:at[0]] + values[text[at[0]:at[1]]] + text[at[1]:]
		lines = append(lines, text)
	}
	if text != "0" && text != "1" || len(lines) == 0 {
		return nil
	}
	return []string{strings.Join(lines, "=")}
}

func readBoolean(prompt string) puzzle {
	const longest = 48 // 8 operators
	e := expression(prompt)
	if len(prompt) > longest || len(e.answers()) == 0 {
		return nil
	}
	return e
}
