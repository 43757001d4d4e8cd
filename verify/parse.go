package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// parser is a recursive descent over the tokens of one answer.
type parser struct {
	tokens []token
	at     int
	depth  int
	signs  int  // ± seen
	minus  bool // ∓ seen
	bars   int  // open absolute values

	comma    comma // what a comma between digits is
	brackets int   // open ones
	groups   int   // open ones within which ± is not written out
	head     bool  // before the condition that describes a set
}

// comma is a reading of the comma in 1,234.
type comma uint8

const (
	thousands comma = iota
	separates
	decimal
)

// maxDepth bounds nesting.
const maxDepth = 120

var errTooDeep = errors.New("the answer is nested too deeply")

// maxAnswer bounds the bytes of an answer.
const maxAnswer = 20_000

// parse reads an answer. What cannot be read is an error that says where.
func parse(answer string) (*node, error) { return parseAs(answer, thousands) }

func parseAs(answer string, c comma) (*node, error) {
	if len(answer) > maxAnswer {
		return nil, errTooLong
	}
	s := clean(stripComments(answer))
	if s == "" {
		return nil, errors.New("it is empty")
	}
	if n := special(s, c); n != nil {
		return n, nil
	}
	tokens, err := lex(s)
	if err != nil {
		return proseOr(s, err)
	}
	p := &parser{tokens: tokens, comma: c}
	n, err := p.list()
	if err == nil && p.peek().kind != end {
		err = fmt.Errorf("%q was not expected", p.peek().text)
	}
	if err != nil {
		return proseOr(s, err)
	}
	if n.shape == scalar && n.expr.Kind == algebra.Product && isLetters(s) {
		n.text = s
	}
	return n, nil
}

// maxProse bounds the words of an answer in words.
const maxProse = 12

// proseOr takes what is no mathematics as an answer in words, if it can be one.
func proseOr(s string, err error) (*node, error) {
	if t := plainText(s); t != "" && len(strings.Fields(t)) <= maxProse {
		return textNode(t), nil
	}
	return nil, err
}

var bare = strings.NewReplacer("{", "", "}", "", "$", "")

// plainText is a text without the commands that set it, or nothing if it is not made of
// words.
func plainText(s string) string {
	for _, c := range textual {
		s = strings.ReplaceAll(s, `\`+c+"{", "{")
	}
	s = bare.Replace(s)
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isLetter(c) || c >= 0x80:
			run++
			longest = max(longest, run)
		case strings.IndexByte(" ,.;:'-()/&", c) >= 0 || isDigit(c):
			run = 0
		default:
			return ""
		}
	}
	if longest < 2 || isDigit(s[0]) {
		return ""
	}
	return strings.TrimSpace(s)
}

func isLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// is tells whether the next token is one of some marks.
func (p *parser) is(marks ...string) bool {
	t := p.peek()
	if t.kind != mark {
		return false
	}
	return slices.Contains(marks, t.text)
}

func (p *parser) accept(m string) bool {
	if p.is(m) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(m string) error {
	if !p.accept(m) {
		return fmt.Errorf("%q is missing before %q", m, p.peek().text)
	}
	return nil
}

func (p *parser) enter() error {
	p.depth++
	if p.depth > maxDepth {
		return errTooDeep
	}
	return nil
}

// list reads items between commas, semicolons, "and" and "or".
func (p *parser) list() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	var items []*node
	var ops []string
	var groups []int // where semicolons set members apart that commas join
	commas := false
	for {
		item, err := p.item()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		semicolon := p.is(";")
		op, more := p.separator()
		if !more {
			break
		}
		ops = append(ops, op)
		if semicolon {
			groups = append(groups, len(items))
		}
		commas = commas || !semicolon
	}
	if commas && len(groups) > 0 {
		items = grouped(items, groups)
	}
	if len(items) == 1 {
		return items[0], nil
	}
	return &node{shape: list, items: items, ops: ops}, nil
}

// grouped makes tuples of the members between semicolons.
func grouped(items []*node, ends []int) []*node {
	var out []*node
	start := 0
	for _, end := range append(ends, len(items)) {
		if end-start == 1 {
			out = append(out, items[start])
		} else {
			out = append(out, &node{shape: tuple, items: items[start:end], open: '(', close: ')'})
		}
		start = end
	}
	return out
}

// separator consumes what stands between items, and tells the last of it, and whether
// another item follows.
func (p *parser) separator() (op string, more bool) {
	for p.is(",", ";", "and", "or", "&", "\x01", `\\`) {
		op = p.next().text
	}
	return op, op != "" && p.peek().kind != end && !p.is(")", "]", "}", `\}`, "⟩")
}

// item is a chain of relations, with the alternatives of ± written out.
func (p *parser) item() (*node, error) {
	if p.groups > 0 {
		return p.chain()
	}
	signs, minus := p.signs, p.minus
	p.signs, p.minus = 0, false
	n, err := p.chain()
	if err == nil && p.signs > maxSigns {
		return nil, errTooLong
	}
	if err == nil && p.signs > 0 {
		n = alternatives(n, p.signs, p.minus)
	}
	p.signs, p.minus = signs, minus
	return n, err
}

// maxSigns bounds the ± of one item, of which all choices are written out.
const maxSigns = 4

// alternatives writes out ±: all signs of all of them, or, where there is a ∓, the two in
// which they go together.
func alternatives(n *node, signs int, together bool) *node {
	out := &node{shape: list}
	for choice := range 1 << signs {
		if together && choice != 0 && choice != 1<<signs-1 {
			continue
		}
		m := n
		for i := range signs {
			value := int64(1)
			if choice>>i&1 == 1 {
				value = -1
			}
			m = replaced(m, signName(i), algebra.Int(value))
		}
		out.items = append(out.items, m)
	}
	return out
}

func signName(i int) string { return "±" + string(rune('0'+i)) }

// replaced puts a value in the place of a symbol in all expressions of an answer.
func replaced(n *node, name string, by *algebra.Expr) *node {
	m := *n
	if n.expr != nil {
		m.expr = algebra.Substitute(n.expr, name, by)
	}
	m.items = make([]*node, len(n.items))
	for i, item := range n.items {
		m.items[i] = replaced(item, name, by)
	}
	return &m
}

// chain is regions joined by relations.
func (p *parser) chain() (*node, error) {
	for p.at == 0 && p.is("≈", "∼", "=") {
		p.at++
	}
	first, err := p.unions()
	if err != nil {
		return nil, err
	}
	out := &node{shape: relation, items: []*node{first}}
	for p.is("=", "<", ">", "≤", "≥", "≠", "≈", "∼", "∈", "≡", ":", "→") && !(p.head && p.is(":")) {
		op := p.next().text
		if op == ":" && p.accept("=") {
			op = "="
		}
		if op == "→" && len(out.items) == 1 {
			op = "="
		}
		if p.peek().kind == end && op == "=" {
			return nil, errors.New("the right side is missing")
		}
		item, err := p.unions()
		if err != nil {
			return nil, err
		}
		out.ops = append(out.ops, op)
		out.items = append(out.items, item)
	}
	if len(out.items) == 1 {
		return first, nil
	}
	if out = ratios(out); out.shape == words {
		return nil, errors.New("a word stands before a colon")
	}
	return out, nil
}

// ratios gathers what is joined by colons.
func ratios(chain *node) *node {
	out := &node{shape: relation, items: []*node{chain.items[0]}}
	for i, op := range chain.ops {
		last := len(out.items) - 1
		item := chain.items[i+1]
		if op == ":" && (item.shape == words || out.items[last].shape == words) {
			return textNode("")
		}
		switch {
		case op != ":":
			out.ops = append(out.ops, op)
			out.items = append(out.items, item)
		case out.items[last].shape == ratio:
			out.items[last].items = append(out.items[last].items, item)
		default:
			out.items[last] = &node{shape: ratio, items: []*node{out.items[last], item}}
		}
	}
	if len(out.items) == 1 {
		return out.items[0]
	}
	return out
}

// stacked is a sum, or two of them over one another: {a \over b}, {n \choose k}.
func (p *parser) stacked() (*node, error) {
	n, err := p.sum()
	if err != nil || p.peek().kind != command || p.peek().text != "choose" && p.peek().text != "over" {
		return n, err
	}
	name := p.next().text
	k, err := p.sum()
	if err != nil {
		return nil, err
	}
	if name == "over" {
		return p.combine(n, k, true)
	}
	if n.shape != scalar || k.shape != scalar {
		return nil, errors.New("a binomial of what are no numbers")
	}
	return number(algebra.Fun("binomial", n.expr, k.expr)), nil
}

// unions joins regions.
func (p *parser) unions() (*node, error) {
	first, err := p.stacked()
	if err != nil {
		return nil, err
	}
	out := &node{shape: union, items: []*node{first}}
	for p.is("∪", "∩", "∖") || p.excludes() || p.peek() == (token{kind: letter, text: "U", spaced: true}) && first.shape == tuple {
		op := p.next().text
		switch op {
		case "U":
			op = "∪"
		case "-":
			op = "∖"
		}
		item, err := p.sum()
		if err != nil {
			return nil, err
		}
		out.ops = append(out.ops, op)
		out.items = append(out.items, item)
	}
	if len(out.items) == 1 {
		return first, nil
	}
	return out, nil
}
