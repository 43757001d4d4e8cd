package algebra

import (
	"math"
	"math/big"
)

// extent bounds an algebraic number as Burnikel, Fleischer, Mehlhorn and Schirra do: it is
// a quotient of algebraic integers whose conjugates are at most 2^num and 2^den, and the
// roots in it raise its degree to at most degree.
type extent struct {
	num, den float64
	degree   float64
}

// separation is a number of bits B such that x, if it is not zero, is at least 2^−B in
// size; ok is false where x is not known to be algebraic.
//
// Source: Burnikel et al., "A separation bound for real algebraic expressions" (2001):
// |x| ≥ (u^(D−1)·l)^(−1).
func separation(x *Expr) (bits float64, ok bool) {
	e, ok := measure(x)
	if !ok {
		return 0, false
	}
	return (e.degree-1)*max(e.num, 0) + max(e.den, 0) + 1, true
}

func measure(x *Expr) (extent, bool) {
	switch x.Kind {
	case Number:
		return extent{log2(x.Value.Num()), log2(x.Value.Denom()), 1}, true
	case Constant:
		if x.Name == I {
			return extent{0, 0, 2}, true
		}
		return extent{}, false
	case Sum, Product:
		return measureAll(x)
	case Power:
		return measurePower(x)
	case Call:
		return measureCall(x)
	}
	return extent{}, false
}

func log2(n *big.Int) float64 { return float64(n.BitLen()) }

func measureAll(x *Expr) (extent, bool) {
	out := extent{0, 0, 1}
	if x.Kind == Sum {
		out.num = math.Inf(-1)
	}
	for _, a := range x.Args {
		e, ok := measure(a)
		if !ok {
			return extent{}, false
		}
		if x.Kind == Sum {
			out.num = 1 + max(out.num+e.den, e.num+out.den)
		} else {
			out.num += e.num
		}
		out.den += e.den
		out.degree *= e.degree
	}
	return out, true
}

func measurePower(x *Expr) (extent, bool) {
	e, ok := measure(x.Args[0])
	exponent := x.Args[1]
	if !ok || exponent.Kind != Number {
		return extent{}, false
	}
	r, ok := smallRatio(exponent.Value)
	if !ok {
		return extent{}, false
	}
	if r.d > 1 {
		k := float64(r.d)
		if e.num >= e.den {
			e.num = (e.num + (k-1)*e.den) / k
		} else {
			e.den = ((k-1)*e.num + e.den) / k
		}
		e.degree *= k
	}
	if r.n < 0 {
		e.num, e.den = e.den, e.num
	}
	n := math.Abs(float64(r.n))
	e.num, e.den = e.num*n, e.den*n
	return e, true
}

// measureCall knows the cosines and sines of rational multiples of π: halves of algebraic
// integers whose conjugates are at most 2.
func measureCall(x *Expr) (extent, bool) {
	if len(x.Args) != 1 {
		return extent{}, false
	}
	if x.Name == "abs" {
		return measure(x.Args[0])
	}
	t, ok := rationalTurn(x.Args[0])
	if !ok || !t.Denom().IsInt64() {
		return extent{}, false
	}
	degree := 2 * float64(t.Denom().Int64())
	switch x.Name {
	case "sin", "cos":
		return extent{1, 1, degree}, true
	case "tan", "cot", "sec", "csc":
		return extent{2, 2, degree * degree}, true
	}
	return extent{}, false
}

func rationalTurn(x *Expr) (t *big.Rat, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return DefaultBudget().normal(x).turn()
}
