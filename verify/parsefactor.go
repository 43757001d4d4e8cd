package verify

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// power reads a factor with what follows it: exponents, factorials, percent, degrees.
func (p *parser) power() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	n, err := p.primary()
	for err == nil {
		switch {
		case p.is("^"):
			n, err = p.exponent(n)
		case p.is("!") && n.shape == scalar:
			p.at++
			n = number(algebra.Fun("factorial", n.expr))
		case p.is("%") && n.shape == scalar:
			p.at++
			n.unit = "%"
		case p.is("°") && n.shape == scalar:
			p.at++
			n = p.degrees(n)
		case p.is("_"):
			n, err = p.subscript(n)
		case p.is("$", "€", "£", "¥") && n.shape == scalar && p.tokens[p.at+1].kind != numeral:
			n.unit = p.next().text
		case p.is("'") && n.shape == scalar && n.expr.Kind == algebra.Symbol:
			p.at++
			n = number(algebra.Sym(n.expr.Name + "'"))
		default:
			return n, nil
		}
	}
	return nil, err
}

func (p *parser) exponent(n *node) (*node, error) {
	p.at++
	if p.accept("°") {
		if n.shape != scalar {
			return nil, errors.New("degrees of what is no number")
		}
		return p.degrees(n), nil
	}
	e, err := p.argument()
	if err != nil {
		return nil, err
	}
	switch {
	case e.shape == words && n.shape == scalar && n.expr.IsInt(): // 1^st, 30^th
		return n, nil
	case e.shape != scalar:
		return nil, errors.New("the exponent is no number")
	case n.shape == words:
		return textNode(n.text + "^" + e.expr.String()), nil
	case n.shape == scalar && e.expr.Kind == algebra.Product && e.expr.Args[len(e.expr.Args)-1].Name == "°":
		return number(algebra.Mul(n.expr, algebra.Sym("°"))), nil
	case n.shape == scalar:
		return number(algebra.Pow(n.expr, e.expr)), nil
	case n.shape == matrix && e.expr.Kind == algebra.Symbol && (e.expr.Name == "T" || e.expr.Name == "t"):
		return transposed(n), nil
	}
	return nil, errors.New("a power of what is no number")
}

// degrees is an angle, or a temperature where its scale follows.
func (p *parser) degrees(n *node) *node {
	if scale, ok := scales[p.peek().text]; ok {
		p.at++
		return &node{shape: scalar, expr: n.expr, unit: scale}
	}
	return number(algebra.Mul(n.expr, algebra.Sym("°")))
}

var scales = map[string]string{"C": "celsius", "F": "fahrenheit"}

func transposed(n *node) *node {
	columns := len(n.items) / n.rows
	out := &node{shape: matrix, rows: columns}
	for j := range columns {
		for i := range n.rows {
			out.items = append(out.items, n.items[i*columns+j])
		}
	}
	return out
}

// subscript is part of a name, or the base of a numeral.
func (p *parser) subscript(n *node) (*node, error) {
	p.at++
	s, err := p.argument()
	if err != nil {
		return nil, err
	}
	switch {
	case n.shape == words:
		return n, nil
	case n.shape != scalar:
		return nil, errors.New("a subscript to what is no name")
	case n.expr.Kind == algebra.Number:
		return based(n, s)
	case s.shape == scalar && n.expr.Kind == algebra.Symbol && isName(s.expr):
		return number(algebra.Sym(n.expr.Name + "_" + s.expr.String())), nil
	case s.shape == scalar && n.expr.Kind == algebra.Symbol:
		return number(algebra.Fun(n.expr.Name+"_", s.expr)), nil
	}
	return number(algebra.Sym(strings.ReplaceAll(n.String(), " ", "") + "_" + s.String())), nil
}

func isName(x *algebra.Expr) bool { return x.Kind == algebra.Symbol || x.IsInt() }

// based is a numeral in a base. It is equal to the same numeral in the same base.
func based(n, base *node) (*node, error) {
	if base.shape == words && strings.EqualFold(base.text, "ten") || base.shape == scalar && base.expr.IsInt() && base.expr.Value.Cmp(big.NewRat(10, 1)) == 0 {
		return n, nil
	}
	if base.shape == words {
		if n := numberWord(base); n != nil {
			base = n
		}
	}
	if base.shape != scalar || !base.expr.IsInt() {
		return nil, errors.New("the base of a numeral is no number")
	}
	return number(algebra.Fun("base", n.expr, base.expr)), nil
}

// argument is what a command or an exponent applies to: a group, or one token, so that
// \frac12 is a half.
func (p *parser) argument() (*node, error) {
	t := p.peek()
	if t.kind == numeral {
		p.at++
		return p.literal(t.text)
	}
	if p.is("-", "+") {
		sign := p.sign(algebra.Int(1))
		n, err := p.argument()
		if err != nil {
			return nil, err
		}
		return times(number(sign), n)
	}
	return p.primary()
}

func (p *parser) literal(s string) (*node, error) {
	if len(s) > 5000 {
		return nil, errTooLong
	}
	if len(s) <= 18 && isWhole(s) {
		v := int64(0)
		for i := range len(s) {
			v = v*10 + int64(s[i]-'0')
		}
		return number(algebra.Int(v)), nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%q is no number", s)
	}
	return number(algebra.Rat(r)), nil
}

// primary reads a number, a name, a group, or a command with its arguments.
func (p *parser) primary() (*node, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch t.kind {
	case numeral:
		return p.numeral(t)
	case letter:
		return p.letter(t)
	case word:
		return p.words(t), nil
	case command:
		return p.command(t.text)
	case mark:
		return p.marked(t.text)
	}
	return nil, errors.New("something is missing at the end")
}

// numeral reads a number, whose thousands may be set apart by spaces or commas and whose
// digits may repeat under a line.
func (p *parser) numeral(t token) (*node, error) {
	s := t.text
	for p.peek().kind == numeral && p.peek().spaced && len(p.peek().text) == 3 && len(t.text) <= 3 && isWhole(s) && isWhole(p.peek().text) {
		s += p.next().text
	}
	for p.comma == thousands && p.brackets == 0 && isGroup(t.text) && p.is(",") && p.tokens[p.at+1].kind == numeral && !p.tokens[p.at+1].spaced && isThousand(p.tokens[p.at+1].text) {
		p.at++
		s += p.next().text
		if strings.Contains(s, ".") {
			break
		}
	}
	if p.comma == decimal && p.brackets == 0 && isWhole(s) && p.joinsDigits(p.at) && !p.joinsDigits(p.at-2) && !p.joinsDigits(p.at+2) && isWhole(p.tokens[p.at+1].text) && !(isGroup(s) && isThousand(p.tokens[p.at+1].text)) {
		p.at++
		s += "." + p.next().text
	}
	if p.comma != thousands && p.joinsDigits(p.at-2) && len(s) > 1 && s[0] == '0' && isWhole(s) {
		return nil, fmt.Errorf("%q is no member of a list, but the end of a number", s)
	}
	if p.peek().kind == command && (p.peek().text == "overline" || p.peek().text == "bar") && strings.Contains(s, ".") {
		return p.repeating(s)
	}
	return p.literal(strings.TrimSuffix(s, "."))
}

// joinsDigits tells whether a token is a comma with digits on both sides and no space.
func (p *parser) joinsDigits(i int) bool {
	return i > 0 && i+1 < len(p.tokens) && isOneOf(p.tokens[i], ",") && p.tokens[i-1].kind == numeral && p.tokens[i+1].kind == numeral && !p.tokens[i+1].spaced
}

func isGroup(s string) bool { return len(s) <= 3 && s != "0" && isWhole(s) }

// isThousand tells whether digits are a group of three, with decimals perhaps.
func isThousand(s string) bool {
	whole, _, _ := strings.Cut(s, ".")
	return len(whole) == 3
}

// repeating is a decimal whose last digits repeat for ever.
func (p *parser) repeating(s string) (*node, error) {
	p.at++
	n, err := p.argument()
	if err != nil {
		return nil, err
	}
	if n.shape != scalar || !n.expr.IsInt() {
		return nil, errors.New("what repeats is no number")
	}
	digits := p.tokens[p.at-2].text
	if p.tokens[p.at-1].kind == numeral {
		digits = p.tokens[p.at-1].text
	}
	_, decimals, _ := strings.Cut(s, ".")
	head, _ := p.literal("0" + strings.TrimSuffix(s, "."))
	nines := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(digits))), nil), big.NewInt(1))
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(decimals))), nil)
	tail := new(big.Rat).SetFrac(n.expr.Value.Num(), nines.Mul(nines, scale))
	return number(algebra.Rat(tail.Add(tail, head.expr.Value))), nil
}

// letter reads a name; a letter before an argument in parentheses may be a function.
func (p *parser) letter(t token) (*node, error) {
	switch t.text {
	case "e":
		return number(algebra.Const(algebra.E)), nil
	case "i":
		return number(algebra.Const(algebra.I)), nil
	case "R", "N", "Z", "Q", "C":
	case "f", "g", "h", "F", "G", "H", "P", "Q_", "W":
		name := t.text
		if p.inverse() {
			name += "^-1"
		}
		if p.is("(") && !p.peek().spaced {
			p.at++
			args, err := p.arguments(")")
			if err != nil {
				return nil, err
			}
			return number(algebra.Fun(name, args...)), nil
		}
	case "triangle", "angle":
		return p.primary()
	}
	return number(algebra.Sym(t.text)), nil
}

// inverse consumes the ^{-1} between the name of a function and its arguments.
func (p *parser) inverse() bool {
	sign := []string{"^", "{", "-", "1", "}", "("}
	for i, text := range sign {
		if p.at+i >= len(p.tokens) || p.tokens[p.at+i].text != text {
			return false
		}
	}
	p.at += len(sign) - 1
	return true
}

// arguments reads expressions between commas up to a closing mark.
func (p *parser) arguments(closing string) ([]*algebra.Expr, error) {
	p.brackets++
	defer func() { p.brackets-- }()
	n, err := p.list()
	if err != nil {
		return nil, err
	}
	if err := p.expect(closing); err != nil {
		return nil, err
	}
	items := []*node{n}
	if n.shape == list {
		items = n.items
	}
	out := make([]*algebra.Expr, len(items))
	for i, item := range items {
		if item.shape != scalar {
			return nil, errors.New("an argument is no number")
		}
		out[i] = item.expr
	}
	return out, nil
}

// words gathers text that follows text.
func (p *parser) words(t token) *node {
	var s strings.Builder
	s.WriteString(t.text)
	for p.peek().kind == word || p.peek().kind == letter && p.peek().spaced && len(p.peek().text) == 1 {
		s.WriteString(" " + p.next().text)
	}
	return textNode(s.String())
}
