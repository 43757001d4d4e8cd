package algebra

import (
	"cmp"
	"strconv"
	"strings"
)

// ratio is a small rational exponent in lowest terms, d > 0.
type ratio struct{ n, d int64 }

func whole(n int64) ratio { return ratio{n, 1} }

func newRatio(n, d int64) ratio {
	if d < 0 {
		n, d = -n, -d
	}
	g := gcd(max(n, -n), d)
	if g == 0 {
		return ratio{0, 1}
	}
	return ratio{n / g, d / g}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// maxExponent keeps the arithmetic of exponents far from overflow.
const maxExponent = 1 << 28

func (b *Budget) ratioAdd(x, y ratio) ratio { return b.ratioOf(x.n*y.d+y.n*x.d, x.d*y.d) }

func (b *Budget) ratioMul(x, y ratio) ratio { return b.ratioOf(x.n*y.n, x.d*y.d) }

func (b *Budget) ratioOf(n, d int64) ratio {
	r := newRatio(n, d)
	if max(r.n, -r.n) > maxExponent || r.d > 1<<14 {
		b.over()
	}
	return r
}

// floor splits a ratio into a whole number and a rest in [0, 1).
func (r ratio) floor() (int64, ratio) {
	k := r.n / r.d
	if r.n%r.d < 0 {
		k--
	}
	return k, ratio{r.n - k*r.d, r.d}
}

func (r ratio) String() string {
	if r.d == 1 {
		return strconv.FormatInt(r.n, 10)
	}
	return strconv.FormatInt(r.n, 10) + "/" + strconv.FormatInt(r.d, 10)
}

// order ranks atoms within a monomial: what people write last comes last.
type order uint8

const (
	prime   order = iota // a prime number under a root: exponents in (0, 1)
	free                 // π, e, a symbol: algebraically independent of all others
	powered              // a number or symbol to the power of a monomial: independent too
	root                 // a root of a quotient: exponents in (0, 1)
	opaque               // a function of which too little is known
	unit                 // i: the exponent is 1
)

// atom is what polynomials are made of. Equal atoms have equal keys.
type atom struct {
	order order
	key   string
	base  *quotient // of a root
	prime int64     // of a prime
}

func (a *atom) compare(b *atom) int {
	return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.prime, b.prime), strings.Compare(a.key, b.key))
}

var imaginary = &atom{order: unit, key: I}

func primeAtom(p int64) *atom { return &atom{order: prime, prime: p, key: strconv.FormatInt(p, 10)} }

// factor is an atom to a power.
type factor struct {
	atom *atom
	exp  ratio
}

// monomial is a product of factors in the order of their atoms, without repetition.
type monomial []factor

func (m monomial) key() string {
	if len(m) == 0 {
		return ""
	}
	var b strings.Builder
	for i, f := range m {
		if i > 0 {
			b.WriteByte('*')
		}
		b.WriteString(f.atom.key)
		if f.exp != whole(1) {
			b.WriteByte('^')
			b.WriteString(f.exp.String())
		}
	}
	return b.String()
}

// times multiplies monomials, exponents added and not yet reduced.
func (b *Budget) times(x, y monomial) monomial {
	if len(x) == 0 {
		return y
	}
	if len(y) == 0 {
		return x
	}
	b.spend(len(x) + len(y))
	out := make(monomial, 0, len(x)+len(y))
	for len(x) > 0 && len(y) > 0 {
		switch c := x[0].atom.compare(y[0].atom); {
		case c < 0:
			out, x = append(out, x[0]), x[1:]
		case c > 0:
			out, y = append(out, y[0]), y[1:]
		default:
			if e := b.ratioAdd(x[0].exp, y[0].exp); e.n != 0 {
				out = append(out, factor{x[0].atom, e})
			}
			x, y = x[1:], y[1:]
		}
	}
	return append(append(out, x...), y...)
}

// raised is a monomial to a power, exponents not yet reduced.
func (b *Budget) raised(m monomial, r ratio) monomial {
	if r.n == 0 {
		return nil
	}
	out := make(monomial, len(m))
	for i, f := range m {
		out[i] = factor{f.atom, b.ratioMul(f.exp, r)}
	}
	return out
}
