package algebra

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Normal writes an expression in normal form. Equal numbers made of rationals and their
// roots, and equal polynomials, have equal strings; of other equal expressions many have.
// The error is ErrBudget, or tells of a division by zero.
func Normal(x *Expr, b *Budget) (s string, err error) {
	defer guard(&err)
	return b.normal(x).String(), nil
}

// String writes the quotient, its terms from the highest degree to the lowest.
func (q *quotient) String() string {
	if q.isWhole() {
		return q.num.String()
	}
	return parenthesised(q.num) + "/" + parenthesised(q.den)
}

func parenthesised(p poly) string {
	if len(p) > 1 || len(p) == 1 && (!p[0].coef.IsInt() || len(p[0].mono) > 0) {
		return "(" + p.String() + ")"
	}
	return p.String()
}

func (p poly) String() string {
	if r, ok := p.rational(); ok {
		return r.RatString()
	}
	terms := slices.Clone(p)
	slices.SortStableFunc(terms, func(s, t term) int {
		if c := t.mono.degree().Cmp(s.mono.degree()); c != 0 {
			return c
		}
		return strings.Compare(s.key, t.key)
	})
	var out strings.Builder
	for i, t := range terms {
		if i > 0 && t.coef.Sign() > 0 {
			out.WriteByte('+')
		}
		out.WriteString(t.String())
	}
	return out.String()
}

var half = ratio{1, 2}

// degree counts the powers of what is free.
func (m monomial) degree() *big.Rat {
	sum := new(big.Rat)
	for _, f := range m {
		if f.atom.order == free {
			sum.Add(sum, big.NewRat(f.exp.n, f.exp.d))
		}
	}
	return sum
}

func (t term) String() string {
	if len(t.mono) == 0 {
		return t.coef.RatString()
	}
	switch {
	case t.coef.Cmp(one) == 0:
		return t.mono.String()
	case t.coef.Cmp(big.NewRat(-1, 1)) == 0:
		return "-" + t.mono.String()
	case t.coef.IsInt():
		return t.coef.RatString() + "*" + t.mono.String()
	}
	sign := ""
	if t.coef.Sign() < 0 {
		sign = "-"
	}
	return sign + "(" + new(big.Rat).Abs(t.coef).RatString() + ")*" + t.mono.String()
}

func (m monomial) String() string {
	under := int64(1)
	parts := make([]string, 0, len(m))
	for _, f := range m {
		switch {
		case f.atom.order == prime && f.exp == half && under < 1<<40/max(f.atom.prime, 1):
			under *= f.atom.prime
		case f.exp == whole(1):
			parts = append(parts, f.atom.key)
		case f.atom.order == root && f.exp == half:
			parts = append(parts, "sqrt"+f.atom.key)
		case f.exp == half:
			parts = append(parts, "sqrt("+f.atom.key+")")
		case f.exp.d == 1 && f.exp.n > 0:
			parts = append(parts, f.atom.key+"^"+f.exp.String())
		default:
			parts = append(parts, f.atom.key+"^("+f.exp.String()+")")
		}
	}
	if under > 1 {
		parts = slices.Insert(parts, 0, "sqrt("+strconv.FormatInt(under, 10)+")")
	}
	return strings.Join(parts, "*")
}

// String writes an expression in normal form, or says why it has none.
func (x *Expr) String() string {
	s, err := Normal(x, DefaultBudget())
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return s
}
