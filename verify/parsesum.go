package verify

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// sum reads terms with signs.
func (p *parser) sum() (*node, error) {
	var out *node
	for first := true; ; first = false {
		factor, signed := algebra.Int(1), false
		for p.is("+", "-", "±", "∓") && !(out != nil && p.excludes()) {
			signed = true
			factor = p.sign(factor)
		}
		if !first && !signed {
			return out, nil
		}
		t, err := p.product()
		if err != nil {
			return nil, err
		}
		if signed {
			if t, err = times(number(factor), t); err != nil {
				return nil, err
			}
		}
		if out == nil {
			out = t
			continue
		}
		if out, err = plus(out, t); err != nil {
			return nil, err
		}
	}
}

// excludes tells whether a minus takes members from a set: ℝ - {0}.
func (p *parser) excludes() bool { return p.is("-") && isOneOf(p.tokens[p.at+1], `\{`) }

func (p *parser) sign(factor *algebra.Expr) *algebra.Expr {
	switch p.next().text {
	case "-":
		return algebra.Neg(factor)
	case "±":
		p.signs++
		return algebra.Mul(factor, algebra.Sym(signName(p.signs-1)))
	case "∓":
		p.minus = true
		p.signs++
		return algebra.Mul(algebra.Int(-1), factor, algebra.Sym(signName(p.signs-1)))
	}
	return factor
}

// product reads factors, with signs of multiplication or side by side.
func (p *parser) product() (*node, error) {
	out, err := p.power()
	if err != nil {
		return nil, err
	}
	for {
		switch {
		case out.shape == scalar && p.modulus():
			m, err := p.argument()
			if err != nil {
				return nil, err
			}
			out = &node{shape: scalar, expr: out.expr, unit: "mod " + m.String()}
			p.accept(")")
		case p.is("*", "/"):
			divide := p.next().text == "/"
			sign := algebra.Int(1)
			for p.is("-", "+") {
				sign = p.sign(sign)
			}
			f, err := p.power()
			if err != nil {
				return nil, err
			}
			if f, err = times(number(sign), f); err != nil {
				return nil, err
			}
			if (f.shape == words || f.unit != "") && !divide && !hasUnit(unitForm(f.text+" "+f.unit)) {
				return nil, errors.New("it multiplies by a word")
			}
			if out, err = p.combine(out, f, divide); err != nil {
				return nil, err
			}
		case p.startsFactor():
			mixed := p.mixed()
			f, err := p.power()
			if err != nil {
				return nil, err
			}
			mixed = mixed && f.shape == scalar
			if mixed && f.expr.IsInt() && p.accept("/") {
				d, err := p.power()
				if err != nil {
					return nil, err
				}
				f = number(algebra.Div(f.expr, d.expr))
			}
			if mixed && isProperFraction(f.expr) {
				out, err = plus(out, f)
			} else {
				out, err = times(out, f)
			}
			if err != nil {
				return nil, err
			}
		default:
			return out, nil
		}
	}
}

// modulus consumes what stands before the modulus of a residue: \pmod, or (mod.
func (p *parser) modulus() bool {
	t := p.peek()
	if t.kind == command && t.text == "pmod" {
		p.at++
		return true
	}
	if p.is("(") && p.tokens[p.at+1].kind == command && p.tokens[p.at+1].text == "mod" {
		p.at += 2
		return true
	}
	return false
}

func (p *parser) combine(x, y *node, divide bool) (*node, error) {
	if !divide {
		return times(x, y)
	}
	if x.shape == words && y.shape == words && isUnit(x.text) && isUnit(y.text) {
		return textNode(x.text + "/" + y.text), nil
	}
	if x.shape == words && y.shape == words {
		return number(algebra.Fun("quotient", algebra.Sym(x.text), algebra.Sym(y.text))), nil
	}
	if y.shape == words {
		x.unit = joinUnit(x.unit, "/"+y.text)
		return x, nil
	}
	if y.shape != scalar {
		return nil, errors.New("it divides by what is no number")
	}
	inverse := number(algebra.Pow(y.expr, algebra.Int(-1)))
	if x.shape == scalar && x.expr.Kind == algebra.Number && y.expr.Kind == algebra.Number && y.expr.Value.Sign() != 0 {
		return &node{shape: scalar, expr: algebra.Div(x.expr, y.expr), unit: joinUnit(x.unit, y.unit)}, nil
	}
	inverse.unit = y.unit
	return times(x, inverse)
}

// mixed tells whether what follows may be the fraction of a mixed number: the token before
// it is a whole number that is no divisor, and a fraction of whole numbers comes next.
func (p *parser) mixed() bool {
	t := p.tokens[p.at-1]
	if t.kind != numeral || !isWhole(t.text) || p.at >= 2 && isOneOf(p.tokens[p.at-2], "/", "^", "_", "*") {
		return false
	}
	next := p.peek()
	if next.kind == command && next.text == "frac" {
		return true
	}
	return next.kind == numeral && next.spaced && isWhole(next.text) && isOneOf(p.tokens[p.at+1], "/") && p.tokens[p.at+2].kind == numeral
}

func isOneOf(t token, marks ...string) bool { return t.kind == mark && slices.Contains(marks, t.text) }

func isWhole(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isProperFraction(x *algebra.Expr) bool {
	return x.Kind == algebra.Number && !x.Value.IsInt() && x.Value.Sign() > 0 && x.Value.Cmp(big.NewRat(1, 1)) < 0
}

// startsFactor tells whether a factor can begin without a sign of multiplication.
func (p *parser) startsFactor() bool {
	t := p.peek()
	switch t.kind {
	case numeral, letter, word:
		return true
	case command:
		return t.text != "end" && t.text != "choose" && t.text != "over" && t.text != "mod" && t.text != "pmod" && t.text != "bmod"
	case mark:
		switch t.text {
		case "(", "[", "{", `\{`, "⟨", "⌊", "⌈", "$", "€", "£", "%", "∅":
			return t.text != "[" || p.at == 0
		case "|":
			return p.bars == 0
		}
	}
	return false
}

// plus adds numbers, and matrices of one size.
func plus(x, y *node) (*node, error) {
	switch {
	case x.shape == scalar && y.shape == scalar:
		return &node{shape: scalar, expr: algebra.Add(x.expr, y.expr), unit: firstUnit(x.unit, y.unit)}, nil
	case x.shape == matrix && y.shape == matrix && x.rows == y.rows && len(x.items) == len(y.items),
		x.shape == tuple && y.shape == tuple && len(x.items) == len(y.items):
		out := *x
		out.items = make([]*node, len(x.items))
		for i := range x.items {
			var err error
			if out.items[i], err = plus(x.items[i], y.items[i]); err != nil {
				return nil, err
			}
		}
		return &out, nil
	}
	return nil, errors.New("it adds what cannot be added")
}

func firstUnit(x, y string) string {
	if x != "" {
		return x
	}
	return y
}

// times multiplies numbers and matrices, and puts a unit to a number.
func times(x, y *node) (*node, error) {
	switch {
	case ranges(y, x):
		return x, nil
	case y.shape == words && x.shape == scalar && (disowns(y.text) || hasSymbols(x) && len(strings.Fields(y.text)) > 3):
		return nil, fmt.Errorf("%q is no unit", y.text)
	case y.shape == words && (x.shape == scalar || x.shape == words):
		out := *x
		if x.shape == words {
			out.text += " " + y.text
			return &out, nil
		}
		out.unit = joinUnit(x.unit, y.text)
		return &out, nil
	case x.shape == scalar && y.shape == scalar && x.unit != "" && y.unit == "" && y.expr.Kind != algebra.Power:
		return nil, errors.New("something follows a unit")
	case x.shape == scalar && y.shape == scalar:
		return &node{shape: scalar, expr: productOf(x.expr, y.expr), unit: joinUnit(x.unit, y.unit)}, nil
	case x.shape == words && y.shape == scalar && len(x.text) == 2 && strings.ToUpper(x.text) == x.text:
		return times(number(algebra.Sym(x.text)), y)
	case x.shape == words && y.shape == scalar:
		return nil, fmt.Errorf("%q stands before a number", x.text)
	case x.shape == scalar && isOne(x.expr):
		return y, nil
	case x.shape == scalar && (y.shape == matrix || y.shape == tuple):
		return scaledNode(y, x)
	case y.shape == scalar && x.shape == matrix:
		return scaledNode(x, y)
	case x.shape == matrix && y.shape == matrix:
		return matrixProduct(x, y)
	}
	return nil, errors.New("it multiplies what cannot be multiplied")
}

// disowns tells whether words after a number speak of the answer and are not part of it.
func disowns(text string) bool {
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		switch strings.Trim(w, ".,;:!?") {
		case "not", "no", "never", "wrong", "incorrect", "answer", "correct", "ignore", "grader", "equal", "equals", "reference", "something", "maybe", "anything", "or", "where", "when", "if", "unless", "otherwise", "else":
			return true
		}
	}
	return false
}

func isOne(x *algebra.Expr) bool {
	return x.Kind == algebra.Number && x.Value.Cmp(big.NewRat(1, 1)) == 0
}

func productOf(x, y *algebra.Expr) *algebra.Expr {
	switch {
	case isOne(x):
		return y
	case isOne(y):
		return x
	case x.Kind == algebra.Number && y.Kind == algebra.Number && x.Value.Denom().BitLen() < 2000:
		return algebra.Rat(new(big.Rat).Mul(x.Value, y.Value))
	}
	return algebra.Mul(x, y)
}

func scaledNode(n, by *node) (*node, error) {
	out := *n
	out.items = make([]*node, len(n.items))
	for i, item := range n.items {
		var err error
		if out.items[i], err = times(by, item); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// maxDeterminant bounds the rows of a determinant, which is expanded.
const maxDeterminant = 4

// determinant expands a square matrix along its first row.
func determinant(m *node) (*node, error) {
	n := m.rows
	if len(m.items) != n*n || n > maxDeterminant {
		return nil, fmt.Errorf("it has no determinant that is computed: %d rows, %d columns", n, len(m.items)/n)
	}
	if n == 1 {
		return m.items[0], nil
	}
	out := number(algebra.Int(0))
	for j := range n {
		minor := &node{shape: matrix, rows: n - 1}
		for i := n; i < len(m.items); i++ {
			if i%n != j {
				minor.items = append(minor.items, m.items[i])
			}
		}
		rest, err := determinant(minor)
		if err != nil {
			return nil, err
		}
		term, err := times(number(algebra.Int(int64(1-2*(j%2)))), m.items[j])
		if err != nil {
			return nil, err
		}
		if term, err = times(term, rest); err != nil {
			return nil, err
		}
		if out, err = plus(out, term); err != nil {
			return nil, err
		}
	}
	return bounded(out)
}

// maxCell bounds the parts of what products of matrices make of a cell: each doubles them.
const maxCell = 2000

// bounded refuses a number that has grown too large.
func bounded(n *node) (*node, error) {
	if n.shape == scalar && parts(n.expr, maxCell) > maxCell {
		return nil, errTooLong
	}
	return n, nil
}

// parts counts the parts of an expression until there are more than most.
func parts(x *algebra.Expr, most int) int {
	n := 1
	for _, a := range x.Args {
		if n > most {
			break
		}
		n += parts(a, most-n)
	}
	return n
}

func matrixProduct(x, y *node) (*node, error) {
	inner := len(x.items) / x.rows
	if inner != y.rows || len(x.items)*len(y.items) > 4096 {
		return nil, errors.New("it multiplies matrices of sizes that do not fit")
	}
	columns := len(y.items) / y.rows
	out := &node{shape: matrix, rows: x.rows}
	for i := range x.rows {
		for j := range columns {
			cell := number(algebra.Int(0))
			for k := range inner {
				t, err := times(x.items[i*inner+k], y.items[k*columns+j])
				if err != nil {
					return nil, err
				}
				if cell, err = plus(cell, t); err != nil {
					return nil, err
				}
			}
			if _, err := bounded(cell); err != nil {
				return nil, err
			}
			out.items = append(out.items, cell)
		}
	}
	return out, nil
}
