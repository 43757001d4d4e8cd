package algebra

import (
	"math/big"
	"slices"
	"strings"
)

// term is a coefficient, never zero, times a monomial whose exponents are reduced.
type term struct {
	coef *big.Rat
	mono monomial
	key  string
}

// poly is a sum of terms, sorted by key, keys distinct. The empty poly is zero.
type poly []term

var one = big.NewRat(1, 1)

func constant(r *big.Rat) poly {
	if r.Sign() == 0 {
		return nil
	}
	return poly{{coef: r}}
}

func single(coef *big.Rat, m monomial) poly { return poly{{coef: coef, mono: m, key: m.key()}} }

// rational gives the value of a poly without atoms.
func (p poly) rational() (*big.Rat, bool) {
	switch {
	case len(p) == 0:
		return new(big.Rat), true
	case len(p) == 1 && len(p[0].mono) == 0:
		return p[0].coef, true
	}
	return nil, false
}

func (b *Budget) polyAdd(x, y poly) poly {
	b.spend(len(x) + len(y))
	out := make(poly, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		switch c := strings.Compare(x[0].key, y[0].key); {
		case c < 0:
			out, x = append(out, x[0]), x[1:]
		case c > 0:
			out, y = append(out, y[0]), y[1:]
		default:
			if sum := b.rat(new(big.Rat).Add(x[0].coef, y[0].coef)); sum.Sign() != 0 {
				out = append(out, term{sum, x[0].mono, x[0].key})
			}
			x, y = x[1:], y[1:]
		}
	}
	out = append(append(out, x...), y...)
	if len(out) > b.Terms {
		b.over()
	}
	return out
}

// scaled is a poly times a number that is not zero.
func (b *Budget) scaled(p poly, by *big.Rat) poly {
	if by.Cmp(one) == 0 {
		return p
	}
	out := make(poly, len(p))
	for i, t := range p {
		out[i] = term{b.rat(new(big.Rat).Mul(t.coef, by)), t.mono, t.key}
	}
	return out
}

func (b *Budget) negated(p poly) poly { return b.scaled(p, big.NewRat(-1, 1)) }

// polyMul multiplies. The product of two terms can be a quotient, where roots of
// quotients meet: hence the result is one.
func (b *Budget) polyMul(x, y poly) *quotient {
	b.spend(len(x) * len(y))
	if r, ok := x.rational(); ok && r.Sign() != 0 {
		return &quotient{b.scaled(y, r), unity}
	}
	collected := map[string]term{}
	rest := zero
	for _, s := range x {
		for _, t := range y {
			q, simple := b.reduced(b.rat(new(big.Rat).Mul(s.coef, t.coef)), b.times(s.mono, t.mono))
			if !simple {
				rest = b.add(rest, q)
				continue
			}
			b.collect(collected, q.num[0])
		}
	}
	if len(collected) > b.Terms {
		b.over()
	}
	out := make(poly, 0, len(collected))
	for _, t := range collected {
		if t.coef.Sign() != 0 {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(s, t term) int { return strings.Compare(s.key, t.key) })
	return b.add(&quotient{out, unity}, rest)
}

func (b *Budget) collect(into map[string]term, t term) {
	if known, ok := into[t.key]; ok {
		t.coef = b.rat(new(big.Rat).Add(known.coef, t.coef))
	}
	into[t.key] = t
}

// reduced brings the exponents of a product of atoms into their ranges: whole powers of
// primes go into the coefficient, i² is −1, and whole powers of roots are multiplied out,
// in which case the result is not a simple term.
func (b *Budget) reduced(coef *big.Rat, m monomial) (q *quotient, simple bool) {
	out := make(monomial, 0, len(m))
	var more []factor
	for _, f := range m {
		k, rest := f.exp.floor()
		switch {
		case f.atom.order == prime:
			if k != 0 {
				coef = b.rat(new(big.Rat).Mul(coef, b.power(big.NewRat(f.atom.prime, 1), k)))
			}
			f.exp = rest
		case f.atom.order == unit && f.exp.d == 1:
			turns := ((f.exp.n % 4) + 4) % 4
			if turns >= 2 {
				coef = new(big.Rat).Neg(coef)
			}
			f.exp = whole(turns % 2)
		case f.atom.order == root && k != 0:
			more = append(more, factor{f.atom, whole(k)})
			f.exp = rest
		}
		if f.exp.n != 0 {
			out = append(out, f)
		}
	}
	q = &quotient{single(coef, out), unity}
	for _, f := range more {
		q = b.mul(q, b.pow(f.atom.base, f.exp.n))
	}
	return q, len(more) == 0
}
