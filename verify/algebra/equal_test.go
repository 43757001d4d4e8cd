package algebra

import (
	"errors"
	"math/big"
	"testing"
)

func fraction(n, d int64) *Expr { return Rat(big.NewRat(n, d)) }

func square(x *Expr) *Expr { return Pow(x, Int(2)) }

func sqrt(x *Expr) *Expr { return Pow(x, fraction(1, 2)) }

func TestEqual(t *testing.T) {
	x, y, n, pi, i := Sym("x"), Sym("y"), Sym("n"), Const(Pi), Const(I)
	nested := sqrt(Add(Int(3), Mul(Int(2), sqrt(Int(2)))))
	for _, c := range []struct {
		name string
		x, y *Expr
		want bool
	}{
		{"a simplified root", sqrt(Int(12)), Mul(Int(2), sqrt(Int(3))), true},
		{"a rationalised denominator", Div(Int(1), sqrt(Int(2))), Div(sqrt(Int(2)), Int(2)), true},
		{"a nested root", nested, Add(Int(1), sqrt(Int(2))), true},
		{"a millionth off", nested, Add(fraction(1_000_001, 1_000_000), sqrt(Int(2))), false},
		{"10^-100 off", nested, Add(Int(1), Pow(Int(10), Int(-100)), sqrt(Int(2))), false},
		{
			"real cube roots",
			Add(Pow(Add(Int(7), Mul(Int(5), sqrt(Int(2)))), fraction(1, 3)), Pow(Sub(Int(7), Mul(Int(5), sqrt(Int(2)))), fraction(1, 3))),
			Int(2), true,
		},
		{"an expanded product", Mul(Add(x, Int(1)), Add(x, Int(2))), Add(square(x), Mul(Int(3), x), Int(2)), true},
		{"another constant term", Mul(Add(x, Int(1)), Add(x, Int(2))), Add(square(x), Mul(Int(3), x), Int(3)), false},
		{"the root of an inverse", sqrt(Div(Int(1), n)), Div(Int(1), sqrt(n)), true},
		{"an identity of angles", Add(square(Fun("tan", x)), Int(1)), square(Fun("sec", x)), true},
		{"the root of a square", sqrt(square(x)), x, false},
		{"the size", sqrt(square(x)), Fun("abs", x), true},
		{"a symbolic exponent", Pow(Int(2), Add(n, Int(1))), Mul(Int(2), Pow(Int(2), n)), true},
		{"a power of a power", Pow(Int(4), n), Pow(Int(2), Mul(Int(2), n)), true},
		{"logarithms", Div(Fun("ln", Int(8)), Fun("ln", Int(2))), Int(3), true},
		{"an angle of the heptagon", Fun("cos", Mul(pi, fraction(1, 7))), Sub(Add(fraction(1, 2), Fun("cos", Mul(pi, fraction(2, 7)))), Fun("cos", Mul(pi, fraction(3, 7)))), true},
		{"Euler's formula for pi", Add(Fun("arctan", fraction(1, 2)), Fun("arctan", fraction(1, 3))), Div(pi, Int(4)), true},
		{"a large power", Pow(Add(x, y, Int(1)), Int(1000)), Pow(Add(Int(1), y, x), Int(1000)), true},
		{"another large power", Pow(Add(x, y, Int(1)), Int(1000)), Pow(Add(Int(1), y, x), Int(1001)), false},
		{"Euler", Pow(Const(E), Mul(i, pi)), Int(-1), true},
		{"a complex quotient", Div(Add(Int(1), i), Sub(Int(1), i)), i, true},
		{"the size of a complex number", Fun("abs", Add(Int(3), Mul(Int(4), i))), Int(5), true},
		{"a floor", Fun("floor", sqrt(Int(99))), Int(9), true},
		{"fifteen degrees", Fun("sin", Mul(pi, fraction(1, 12))), Div(Sub(sqrt(Int(6)), sqrt(Int(2))), Int(4)), true},
		{"pi is no fraction", pi, fraction(355, 113), false},
		{"tiny numbers", Div(Int(1), Fun("factorial", Int(2004))), Div(Int(1), Fun("factorial", Int(2006))), false},
		{"a written sum", Fun("sum", Sym("k"), Int(1), Int(10), Sym("k")), Int(55), true},
		{"a renamed index", Fun("sum", Sym("k"), Int(1), n, Mul(x, Sym("k"))), Fun("sum", Sym("j"), Int(1), n, Mul(Sym("j"), x)), true},
	} {
		for _, swapped := range []bool{false, true} {
			a, b := c.x, c.y
			if swapped {
				a, b = b, a
			}
			d, err := Equal(a, b, DefaultBudget())
			if err != nil || d.Equal != c.want {
				t.Errorf("%s (swapped: %t): %+v, %v; want %t", c.name, swapped, d, err, c.want)
			}
		}
	}
}

func TestEqualRefusesWhatWouldNotEnd(t *testing.T) {
	tower := Pow(Int(2003), Pow(Int(2002), Int(2001)))
	if d, err := Equal(tower, Int(1), DefaultBudget()); !errors.Is(err, ErrBudget) {
		t.Errorf("a tower of powers: %+v, %v; want %v", d, err, ErrBudget)
	}
	if d, err := Equal(tower, Pow(Int(2003), Pow(Int(2002), Int(2001))), DefaultBudget()); err != nil || !d.Equal {
		t.Errorf("a tower and itself: %+v, %v", d, err)
	}
}

func TestNormal(t *testing.T) {
	x := Sym("x")
	for _, c := range []struct {
		x    *Expr
		want string
	}{
		{fraction(6, 4), "3/2"},
		{sqrt(Int(12)), "2*sqrt(3)"},
		{Mul(Add(x, Int(1)), Sub(x, Int(1))), "x^2-1"},
		{Div(Int(1), Add(Int(1), sqrt(Int(2)))), "-1+sqrt(2)"},
		{Div(Int(1), Const(I)), "-i"},
	} {
		if got, err := Normal(c.x, DefaultBudget()); err != nil || got != c.want {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
}
