// Package algebra decides whether two mathematical expressions are equal.
//
// An expression is brought into a normal form: a quotient of polynomials with rational
// coefficients over atoms (symbols, π, e, i, roots of primes, and terms that nothing is
// known of). Where that does not settle a pair, it is evaluated: modulo large primes
// where the polynomials would be large, and with guarded arithmetic of growing precision
// where the terms are roots, logarithms or angles. Two numbers are told apart only when
// their enclosures are disjoint, and called equal only when an identity or a separation
// bound says so. No floating-point tolerance takes part.
//
// Work is counted, not timed: each decision has a Budget, and what would exceed it ends
// with ErrBudget before it is done.
package algebra

import (
	"errors"
	"math/big"
)

// ErrBudget says that a decision would take more work than it was given.
var ErrBudget = errors.New("over budget")

// ErrUndefined says that an expression has no value: it divides by zero.
var ErrUndefined = errors.New("undefined: a division by zero")

// Kind tells what an expression is.
type Kind uint8

// The kinds of expressions.
const (
	Number   Kind = iota // a rational, Value
	Symbol               // a variable, Name
	Constant             // Name is one of Pi, E, I, Infinity
	Sum                  // of Args
	Product              // of Args
	Power                // Args[0] to the power of Args[1]
	Call                 // the function Name of Args
)

// Names of constants.
const (
	Pi       = "pi"
	E        = "e"
	I        = "i"
	Infinity = "inf"
)

// Expr is an immutable expression tree.
type Expr struct {
	Kind  Kind
	Name  string
	Value *big.Rat
	Args  []*Expr
}

// Int is an integer.
func Int(n int64) *Expr { return Rat(new(big.Rat).SetInt64(n)) }

// Rat is a rational number, which must not be changed afterwards.
func Rat(r *big.Rat) *Expr { return &Expr{Kind: Number, Value: r} }

// Sym is a variable.
func Sym(name string) *Expr { return &Expr{Kind: Symbol, Name: name} }

// Const is one of the named constants.
func Const(name string) *Expr { return &Expr{Kind: Constant, Name: name} }

// Add is the sum of its arguments.
func Add(args ...*Expr) *Expr { return &Expr{Kind: Sum, Args: args} }

// Mul is the product of its arguments.
func Mul(args ...*Expr) *Expr { return &Expr{Kind: Product, Args: args} }

// Pow is base to the power of exponent. A rational power with an odd denominator of a
// negative number is the real root.
func Pow(base, exponent *Expr) *Expr { return &Expr{Kind: Power, Args: []*Expr{base, exponent}} }

// Fun is a function of arguments: sin cos tan cot sec csc, arcsin arccos arctan, sinh cosh
// tanh, ln, abs, floor, ceil, factorial, binomial, gcd, lcm, mod, max, min; of any other
// name nothing is known but that equal arguments give equal values. The first argument of
// sum and prod is a Symbol, bound in the last; between them are its limits.
func Fun(name string, args ...*Expr) *Expr { return &Expr{Kind: Call, Name: name, Args: args} }

// Neg is the expression with the other sign.
func Neg(x *Expr) *Expr {
	if x.Kind == Number {
		return Rat(new(big.Rat).Neg(x.Value))
	}
	return Mul(Int(-1), x)
}

// Sub is a − b.
func Sub(a, b *Expr) *Expr { return Add(a, Neg(b)) }

// Div is a / b.
func Div(a, b *Expr) *Expr {
	if a.Kind == Number && b.Kind == Number && b.Value.Sign() != 0 {
		return Rat(new(big.Rat).Quo(a.Value, b.Value))
	}
	return Mul(a, Pow(b, Int(-1)))
}

// IsInt tells whether an expression is a whole number as it stands.
func (x *Expr) IsInt() bool { return x.Kind == Number && x.Value.IsInt() }

// Symbols adds the names of the free variables to a set.
func (x *Expr) Symbols(into map[string]bool) {
	if x.Kind == Symbol {
		into[x.Name] = true
	}
	args := x.Args
	if binds(x) {
		inner := map[string]bool{}
		args[len(args)-1].Symbols(inner)
		delete(inner, args[0].Name)
		for name := range inner {
			into[name] = true
		}
		args = args[1 : len(args)-1]
	}
	for _, a := range args {
		a.Symbols(into)
	}
}

// binds tells whether the first argument is a variable that is bound in the last.
func binds(x *Expr) bool {
	return x.Kind == Call && (x.Name == "sum" || x.Name == "prod") && len(x.Args) > 1 && x.Args[0].Kind == Symbol
}

// Same tells whether two expressions are the same tree.
func Same(a, b *Expr) bool {
	if a == b {
		return true
	}
	if a.Kind != b.Kind || a.Name != b.Name || len(a.Args) != len(b.Args) {
		return false
	}
	if a.Kind == Number {
		return a.Value.Cmp(b.Value) == 0
	}
	for i := range a.Args {
		if !Same(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}
