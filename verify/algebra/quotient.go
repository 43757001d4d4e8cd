package algebra

import "math/big"

// quotient is num / den, den not zero. Its den is 1 wherever den is a single term.
type quotient struct{ num, den poly }

var (
	unity = constant(one)
	zero  = &quotient{nil, unity}
)

// undefined travels as a panic from a division by zero to the door of the package.
type undefined struct{}

func ratQuotient(r *big.Rat) *quotient { return &quotient{constant(r), unity} }

func atomQuotient(a *atom, exp ratio) *quotient {
	return &quotient{single(one, monomial{{a, exp}}), unity}
}

func (q *quotient) rational() (*big.Rat, bool) {
	if !q.isWhole() {
		return nil, false
	}
	return q.num.rational()
}

// isWhole tells whether there is no denominator.
func (q *quotient) isWhole() bool { return len(q.den) == 1 && len(q.den[0].mono) == 0 }

func (b *Budget) add(x, y *quotient) *quotient {
	switch {
	case len(x.num) == 0:
		return y
	case len(y.num) == 0:
		return x
	case x.isWhole() && y.isWhole():
		return &quotient{b.polyAdd(x.num, y.num), unity}
	case samePoly(x.den, y.den):
		return b.divided(b.polyAdd(x.num, y.num), x.den)
	}
	num := b.add(b.polyMul(x.num, y.den), b.polyMul(y.num, x.den))
	return b.div(num, b.polyMul(x.den, y.den))
}

func (b *Budget) mul(x, y *quotient) *quotient {
	num := b.polyMul(x.num, y.num)
	if x.isWhole() && y.isWhole() {
		return num
	}
	return b.div(num, b.polyMul(x.den, y.den))
}

func (b *Budget) div(x, y *quotient) *quotient {
	if x.isWhole() && y.isWhole() {
		return b.divided(x.num, y.num)
	}
	num, den := b.polyMul(x.num, y.den), b.polyMul(x.den, y.num)
	if num.isWhole() && den.isWhole() {
		return b.divided(num.num, den.num)
	}
	return b.div(num, den)
}

// divided is num / den with a denominator of one term multiplied out.
func (b *Budget) divided(num, den poly) *quotient {
	switch {
	case len(den) == 0:
		panic(undefined{})
	case len(num) == 0:
		return zero
	case len(den) > 1:
		return b.rationalised(num, den)
	}
	inverse, simple := b.reduced(new(big.Rat).Inv(den[0].coef), b.raised(den[0].mono, whole(-1)))
	if simple {
		return b.polyMul(num, inverse.num)
	}
	return b.mul(&quotient{num, unity}, inverse)
}

// rationalised frees a denominator from i and from square roots of primes, as far as
// that goes, and makes its first coefficient 1.
func (b *Budget) rationalised(num, den poly) *quotient {
	for range 6 {
		a := quadratic(den)
		if a == nil {
			break
		}
		conjugate := b.conjugate(den, a)
		n, d := b.polyMul(num, conjugate), b.polyMul(den, conjugate)
		if !n.isWhole() || !d.isWhole() || len(d.num) == 0 || len(d.num) > 2*len(den)+2 {
			break
		}
		num, den = n.num, d.num
		if len(den) == 1 {
			return b.divided(num, den)
		}
	}
	if samePoly(num, den) {
		return &quotient{unity, unity}
	}
	lead := new(big.Rat).Inv(den[len(den)-1].coef)
	return &quotient{b.scaled(num, lead), b.scaled(den, lead)}
}

// quadratic finds an atom of a sum whose square is a number.
func quadratic(p poly) *atom {
	for _, t := range p {
		for _, f := range t.mono {
			if f.atom.order == unit || f.atom.order == prime && f.exp.d == 2 {
				return f.atom
			}
		}
	}
	return nil
}

// conjugate changes the sign of the terms that hold an atom.
func (b *Budget) conjugate(p poly, a *atom) poly {
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = t
		for _, f := range t.mono {
			if f.atom.compare(a) == 0 {
				out[i].coef = new(big.Rat).Neg(t.coef)
			}
		}
	}
	return out
}

// pow is an integer power.
func (b *Budget) pow(q *quotient, n int64) *quotient {
	if r, ok := q.rational(); ok {
		if r.Sign() == 0 && n < 0 {
			panic(undefined{})
		}
		return ratQuotient(b.power(r, n))
	}
	if n < 0 {
		return b.pow(b.div(ratQuotient(one), q), -n)
	}
	if q.isWhole() && len(q.num) == 1 {
		t := q.num[0]
		out, _ := b.reduced(b.power(t.coef, n), b.raised(t.mono, b.ratioOf(n, 1)))
		return out
	}
	if n > int64(b.Terms) {
		b.over()
	}
	out := ratQuotient(one)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = b.mul(out, q)
		}
		if n > 1 {
			q = b.mul(q, q)
		}
	}
	return out
}

func samePoly(x, y poly) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].key != y[i].key || x[i].coef.Cmp(y[i].coef) != 0 {
			return false
		}
	}
	return true
}

// same tells whether two quotients are equal as quotients of polynomials in their atoms.
func (b *Budget) same(x, y *quotient) bool {
	if samePoly(x.den, y.den) {
		return samePoly(x.num, y.num)
	}
	return len(b.add(x, b.mul(ratQuotient(big.NewRat(-1, 1)), y)).num) == 0
}

// independent tells whether atoms are such that different polynomials in them are
// different numbers or functions.
func (q *quotient) independent() bool {
	for _, p := range []poly{q.num, q.den} {
		for _, t := range p {
			for _, f := range t.mono {
				if f.atom.order == root || f.atom.order == opaque {
					return false
				}
			}
		}
	}
	return true
}
