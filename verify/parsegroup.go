package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// marked reads what begins with a mark: a group, a tuple, a set, an absolute value, money.
func (p *parser) marked(m string) (*node, error) {
	switch m {
	case "(", "[", "⟨":
		return p.bracketed(m)
	case "]":
		return p.bracketed(m)
	case "{":
		return p.braced()
	case `\{`:
		return p.set(`\}`)
	case "|":
		p.bars++
		n, err := p.enclosed("|")
		p.bars--
		return apply("abs", n, err)
	case "⌊":
		n, err := p.enclosed("⌋")
		return apply("floor", n, err)
	case "⌈":
		n, err := p.enclosed("⌉")
		return apply("ceil", n, err)
	case "$", "€", "£", "¥":
		n, err := p.power()
		if err == nil && n.shape == scalar {
			n.unit = m
		}
		return n, err
	case "%":
		return textNode("%"), nil
	case "∅":
		return &node{shape: absent}, nil
	case "…":
		return number(algebra.Sym("…")), nil
	}
	return nil, fmt.Errorf("%q was not expected", m)
}

func apply(name string, n *node, err error) (*node, error) {
	if err != nil {
		return nil, err
	}
	if n.shape != scalar {
		return nil, fmt.Errorf("%s of what is no number", name)
	}
	return number(algebra.Fun(name, n.expr)), nil
}

// enclosed is a sum between two marks.
func (p *parser) enclosed(closing string) (*node, error) {
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	return n, p.expect(closing)
}

// bracketed is a group of one item, or a tuple or interval of several.
func (p *parser) bracketed(open string) (*node, error) {
	p.brackets++
	p.groups++
	bars := p.bars
	p.bars = 0
	defer func() { p.brackets--; p.groups--; p.bars = bars }()
	if p.is(")", "]") {
		return nil, errors.New("there is nothing between the brackets")
	}
	n, err := p.list()
	if err != nil {
		return nil, err
	}
	if !p.is(")", "]", "⟩", "[") {
		return nil, fmt.Errorf("%q is not closed", open)
	}
	closing := p.next().text
	if n.shape != list {
		return n, nil
	}
	return &node{shape: tuple, items: n.items, open: bracketByte(open, true), close: bracketByte(closing, false)}, nil
}

// bracketByte is ( or ) where an end is left out, [ or ] where it is not.
func bracketByte(m string, opens bool) byte {
	switch {
	case m == "[" && opens:
		return '['
	case m == "]" && !opens:
		return ']'
	case opens:
		return '('
	}
	return ')'
}

// braced is a group in braces, which is a set if commas are in it.
func (p *parser) braced() (*node, error) {
	if p.accept("}") {
		return textNode(""), nil
	}
	p.groups++
	defer func() { p.groups-- }()
	n, err := p.list()
	if err != nil {
		return nil, err
	}
	return n, p.expect("}")
}

// set reads the members of a set, or the condition that describes them.
func (p *parser) set(closing string) (*node, error) {
	groups := p.groups
	p.brackets++
	p.bars++
	p.groups = 0
	defer func() { p.brackets--; p.bars--; p.groups = groups }()
	if p.accept(closing) {
		return &node{shape: absent}, nil
	}
	head := p.head
	p.head = p.peek().kind != numeral
	n, err := p.list()
	p.head = head
	if err != nil {
		return nil, err
	}
	if p.is("|", ":") {
		p.at++
		condition, err := p.list()
		if err != nil {
			return nil, err
		}
		return described(n, condition), p.expect(closing)
	}
	if n.shape != list {
		n = &node{shape: list, items: []*node{n}}
	}
	n.open = '{'
	return n, p.expect(closing)
}

// described is what a condition leaves of a domain: of the real line, if no other is named.
func described(members, condition *node) *node {
	if members.shape == relation && members.ops[0] == "∈" && !isReals(members.items[1]) {
		return &node{shape: relation, items: []*node{members.items[1], condition}, ops: []string{"|"}}
	}
	return condition
}

// command reads a command with its arguments.
func (p *parser) command(name string) (*node, error) {
	switch name {
	case "frac":
		return p.fraction()
	case "sqrt", "cbrt":
		return p.squareRoot(name)
	case "pi":
		return number(algebra.Const(algebra.Pi)), nil
	case "infty", "inf", "infinity", "oo":
		return number(algebra.Const(algebra.Infinity)), nil
	case "begin":
		return p.environment()
	case "overline", "bar", "dot":
		n, err := p.argument()
		if err == nil && n.shape == scalar && n.expr.Kind != algebra.Number {
			n = overlined(n)
		}
		return n, err
	case "binom":
		n, err := p.argument()
		if err != nil {
			return nil, err
		}
		k, err := p.argument()
		if err != nil {
			return nil, err
		}
		if n.shape != scalar || k.shape != scalar {
			return nil, errors.New("a binomial of what are no numbers")
		}
		return number(algebra.Fun("binomial", n.expr, k.expr)), nil
	case "sum", "prod":
		return p.repeated(name)
	case "choose", "over", "end", "int", "lim", "mathop", "hline", "operatorname":
		return nil, fmt.Errorf(`\%s is not understood here`, name)
	}
	if (name == "min" || name == "max") && !p.startsFactor() && !p.is("_", "^") { // min = 4
		return number(algebra.Sym(name)), nil
	}
	return p.function(name)
}

// overlined is the conjugate of a number, or the name of a segment.
func overlined(n *node) *node {
	if hasSymbols(n) {
		return number(algebra.Fun("overline", n.expr))
	}
	i := algebra.Const(algebra.I)
	return number(replaceExpr(n.expr, i, algebra.Neg(i)))
}

func (p *parser) fraction() (*node, error) {
	if p.is("(") { // frac(1, 2)
		p.at++
		args, err := p.arguments(")")
		if err != nil || len(args) != 2 {
			return nil, errors.New("a fraction has two parts")
		}
		return number(algebra.Div(args[0], args[1])), nil
	}
	num, err := p.part()
	if err != nil {
		return nil, err
	}
	if p.peek().kind == end {
		return nil, errors.New("the fraction has no denominator")
	}
	den, err := p.part()
	if err != nil {
		return nil, err
	}
	return p.combine(num, den, true)
}

// part is one part of a fraction: of digits without braces only the first, so that \frac12
// is a half.
func (p *parser) part() (*node, error) {
	if t := p.peek(); t.kind == numeral && len(t.text) > 1 && isWhole(t.text) {
		p.tokens[p.at].text = t.text[1:]
		return p.literal(t.text[:1])
	}
	return p.argument()
}

func (p *parser) squareRoot(name string) (*node, error) {
	degree := algebra.Int(2)
	if name == "cbrt" {
		degree = algebra.Int(3)
	}
	if p.is("[") {
		p.at++
		n, err := p.sum()
		if err != nil {
			return nil, err
		}
		if n.shape != scalar {
			return nil, errors.New("the degree of the root is no number")
		}
		degree = n.expr
		if err := p.expect("]"); err != nil {
			return nil, err
		}
	}
	n, err := p.argument()
	if err != nil {
		return nil, err
	}
	if n.shape != scalar {
		return nil, errors.New("the root of what is no number")
	}
	return &node{shape: scalar, expr: algebra.Pow(n.expr, algebra.Div(algebra.Int(1), degree)), unit: n.unit}, nil
}

// environments are those that hold a matrix.
var environments = []string{"pmatrix", "bmatrix", "matrix", "vmatrix", "Bmatrix", "smallmatrix", "array"}

// aligned are environments whose rows are members of a list.
var aligned = []string{"aligned", "align", "align*", "gathered", "split"}

// lines reads the rows of an aligned environment.
func (p *parser) lines() (*node, error) {
	tokens := p.tokens[:p.at:p.at]
	for _, t := range p.tokens[p.at:] {
		if isOneOf(t, "&") {
			continue
		}
		if isOneOf(t, "=") && isOneOf(tokens[len(tokens)-1], `\\`) { // the row before goes on
			tokens = tokens[:len(tokens)-1]
		}
		tokens = append(tokens, t)
	}
	p.tokens = tokens
	n, err := p.list()
	if err != nil {
		return nil, err
	}
	if t := p.next(); t.kind != command || t.text != "end" {
		return nil, errors.New("the environment is not closed")
	}
	_, err = p.braceName()
	return n, err
}

// cases reads the rows of a system, or of a function that is defined by pieces: values with
// their conditions.
func (p *parser) cases() (*node, error) {
	p.brackets++
	defer func() { p.brackets-- }()
	out := &node{shape: list}
	for p.peek().kind != command || p.peek().text != "end" {
		row, err := p.chain()
		if err != nil {
			return nil, err
		}
		p.accept(",")
		if p.accept("&") {
			condition, err := p.condition()
			if err != nil {
				return nil, err
			}
			row = &node{shape: tuple, items: []*node{row, condition}, open: '(', close: ')'}
		}
		out.items = append(out.items, row)
		if !p.accept(`\\`) {
			break
		}
	}
	if t := p.next(); t.kind != command || t.text != "end" || len(out.items) == 0 {
		return nil, errors.New("the rows of the cases are not understood")
	}
	_, err := p.braceName()
	return out, err
}

// condition is when a case holds: if x > 0, otherwise.
func (p *parser) condition() (*node, error) {
	if t := p.peek(); t.kind == word && slices.Contains([]string{"if", "when", "for"}, strings.ToLower(strings.TrimSpace(t.text))) {
		p.at++
	}
	n, err := p.chain()
	p.accept(",")
	return n, err
}

// environment reads a matrix, or the number that one between bars, or of one cell, is.
func (p *parser) environment() (*node, error) {
	name, err := p.braceName()
	if err != nil {
		return nil, err
	}
	if slices.Contains(aligned, name) {
		return p.lines()
	}
	if name == "cases" {
		return p.cases()
	}
	if !slices.Contains(environments, name) {
		return nil, fmt.Errorf("the environment %q is not understood here", name)
	}
	if name == "array" && p.is("{") {
		if _, err := p.braceName(); err != nil {
			return nil, err
		}
	}
	p.brackets++
	defer func() { p.brackets-- }()
	out := &node{shape: matrix}
	width := 0
	for {
		row, err := p.row()
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, row...)
		out.rows++
		if width == 0 {
			width = len(row)
		}
		if len(row) != width {
			return nil, errors.New("the rows of the matrix differ in length")
		}
		for p.accept(`\\`) {
		}
		if p.peek().kind == command && p.peek().text == "end" {
			p.at++
			if _, err := p.braceName(); err != nil || name != "vmatrix" && len(out.items) > 1 {
				return out, err
			}
			return determinant(out)
		}
	}
}

func (p *parser) row() ([]*node, error) {
	var out []*node
	for {
		cell, err := p.chain()
		if err != nil {
			return nil, err
		}
		out = append(out, cell)
		if !p.accept("&") {
			return out, nil
		}
	}
}

// braceName reads the letters of {name}.
func (p *parser) braceName() (string, error) {
	if err := p.expect("{"); err != nil {
		return "", err
	}
	var b strings.Builder
	for !p.is("}") {
		t := p.next()
		if t.kind == end {
			return "", errors.New("a brace is not closed")
		}
		b.WriteString(t.text)
	}
	p.at++
	return b.String(), nil
}
