package verify

import (
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// synonyms are other names of functions.
var synonyms = map[string]string{"asin": "arcsin", "acos": "arccos", "atan": "arctan"}

var angular = []string{"sin", "cos", "tan", "cot", "sec", "csc"}

// function reads a function with its argument: in brackets, or the factors that follow up
// to a sign or another function.
func (p *parser) function(name string) (*node, error) {
	if s, ok := synonyms[name]; ok {
		name = s
	}
	var power, base *algebra.Expr
	for p.is("^", "_") {
		op := p.next().text
		n, err := p.argument()
		if err != nil {
			return nil, err
		}
		if n.shape != scalar {
			return nil, fmt.Errorf(`an index of \%s is no number`, name)
		}
		if op == "^" {
			power = n.expr
		} else {
			base = n.expr
		}
	}
	args, err := p.functionArguments()
	if err != nil {
		return nil, err
	}
	if power != nil && power.Kind == algebra.Number && power.Value.Cmp(big.NewRat(-1, 1)) == 0 && slices.Contains(angular[:3], name) {
		name, power = "arc"+name, nil
	}
	out, err := called(name, base, args)
	if err != nil {
		return nil, err
	}
	if power != nil {
		out = algebra.Pow(out, power)
	}
	return number(out), nil
}

func (p *parser) functionArguments() ([]*algebra.Expr, error) {
	if p.is("(") {
		p.at++
		return p.arguments(")")
	}
	n, err := p.power()
	if err != nil {
		return nil, err
	}
	for p.startsFactor() && p.peek().kind != word && (p.peek().kind != command || p.peek().text == "frac" || p.peek().text == "pi" || p.peek().text == "sqrt") && !p.is("|", "[") {
		f, err := p.power()
		if err != nil {
			return nil, err
		}
		if n, err = times(n, f); err != nil {
			return nil, err
		}
	}
	if n.shape != scalar {
		return nil, errors.New("the argument of a function is no number")
	}
	return []*algebra.Expr{n.expr}, nil
}

// called is a function as algebra knows it.
func called(name string, base *algebra.Expr, args []*algebra.Expr) (*algebra.Expr, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf(`\%s has no argument`, name)
	}
	x := args[0]
	switch name {
	case "exp":
		return algebra.Pow(algebra.Const(algebra.E), x), nil
	case "log", "lg":
		if base == nil {
			base = algebra.Int(10)
		}
		if len(args) == 2 {
			base = args[1]
		}
		return algebra.Div(algebra.Fun("ln", x), algebra.Fun("ln", base)), nil
	case "sin", "cos", "tan", "cot", "sec", "csc":
		degree := algebra.Div(algebra.Const(algebra.Pi), algebra.Int(180))
		return algebra.Fun(name, algebra.Substitute(x, "°", degree)), nil
	}
	return algebra.Fun(name, args...), nil
}

// repeated reads a sum or product: \sum_{k=a}^{b} body.
func (p *parser) repeated(name string) (*node, error) {
	var index, from, to *algebra.Expr
	for p.is("^", "_") {
		op := p.next().text
		n, err := p.argument()
		if err != nil {
			return nil, err
		}
		switch {
		case op == "^" && n.shape == scalar:
			to = n.expr
		case op == "_" && n.shape == relation && len(n.items) == 2 && n.ops[0] == "=" && n.items[0].shape == scalar && n.items[1].shape == scalar:
			index, from = n.items[0].expr, n.items[1].expr
		default:
			return nil, errors.New("the limits of the sum are not understood")
		}
	}
	body, err := p.product()
	if err != nil {
		return nil, err
	}
	if index == nil || to == nil || body.shape != scalar {
		return nil, errors.New("the sum has no limits")
	}
	if index.Kind == algebra.Constant { // i is an index here
		return nil, errors.New("the index of the sum is a constant")
	}
	return number(algebra.Fun(name, index, from, to, body.expr)), nil
}
