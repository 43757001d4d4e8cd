package algebra

import (
	"math/big"
	"strings"
)

// normal brings an expression into normal form.
func (b *Budget) normal(x *Expr) *quotient {
	b.spend(1)
	switch x.Kind {
	case Number:
		return ratQuotient(b.rat(x.Value))
	case Symbol, Constant:
		return named(x)
	case Sum:
		out := zero
		for _, a := range x.Args {
			out = b.add(out, b.normal(a))
		}
		return out
	case Product:
		out := ratQuotient(one)
		for _, a := range x.Args {
			out = b.mul(out, b.normal(a))
		}
		return out
	case Power:
		return b.exponential(x.Args[0], b.normal(x.Args[1]))
	}
	return b.call(x)
}

func named(x *Expr) *quotient {
	if x.Kind == Constant && x.Name == I {
		return atomQuotient(imaginary, whole(1))
	}
	key := x.Name
	if x.Kind == Constant && x.Name == Pi {
		key = "π"
	}
	return atomQuotient(&atom{order: free, key: key}, whole(1))
}

func (b *Budget) exponential(base *Expr, exponent *quotient) *quotient {
	q := b.normal(base)
	if r, ok := exponent.rational(); ok {
		if !r.Num().IsInt64() || !r.Denom().IsInt64() || max(r.Num().Int64(), -r.Num().Int64()) > maxExponent {
			if v, isRational := q.rational(); !isRational || new(big.Rat).Abs(v).Cmp(one) > 0 || v.Sign() != 0 && v.Cmp(one) != 0 {
				b.over()
			}
			return q
		}
		return b.rationalPower(q, b.ratioOf(r.Num().Int64(), r.Denom().Int64()))
	}
	return b.symbolicPower(q, exponent)
}

// rationalPower is q^r, the real root wherever there is one.
func (b *Budget) rationalPower(q *quotient, r ratio) *quotient {
	if r.d == 1 {
		return b.pow(q, r.n)
	}
	if v, ok := q.rational(); ok {
		return b.numberPower(v, r)
	}
	if q.isWhole() && len(q.num) == 1 && positiveAtoms(q.num[0].mono, r) && q.num[0].coef.Sign() > 0 {
		t := q.num[0]
		rest, _ := b.reduced(one, b.raised(t.mono, r))
		return b.mul(b.numberPower(t.coef, r), rest)
	}
	content, primitive := b.content(q)
	a := &atom{order: root, base: primitive, key: "(" + primitive.String() + ")"}
	power, _ := b.reduced(one, monomial{{a, r}})
	return b.mul(b.numberPower(content, r), power)
}

// positiveAtoms tells whether the root of a product of atoms is the product of their
// roots wherever it is real: where an even root meets an even power it is not.
func positiveAtoms(m monomial, r ratio) bool {
	for _, f := range m {
		switch f.atom.order {
		case root, opaque, unit:
			return false
		case free:
			isNumber := f.atom.key == "π" || f.atom.key == E
			if !isNumber && r.d%2 == 0 && f.exp.n%2 == 0 {
				return false
			}
		}
	}
	return true
}

// content takes the positive rational factor out of a quotient.
func (b *Budget) content(q *quotient) (*big.Rat, *quotient) {
	num, den := new(big.Int), big.NewInt(1)
	for _, t := range q.num {
		num.GCD(nil, nil, num, new(big.Int).Abs(t.coef.Num()))
		den.Div(new(big.Int).Mul(den, t.coef.Denom()), new(big.Int).GCD(nil, nil, den, t.coef.Denom()))
		b.spend(1 + num.BitLen()/100)
	}
	c := b.rat(new(big.Rat).SetFrac(num, den))
	return c, &quotient{b.scaled(q.num, new(big.Rat).Inv(c)), q.den}
}

// numberPower is v^r for a fraction r: a product of roots of primes.
func (b *Budget) numberPower(v *big.Rat, r ratio) *quotient {
	switch {
	case v.Sign() == 0 && r.n < 0:
		panic(undefined{})
	case v.Sign() == 0:
		return zero
	case v.Sign() < 0 && r.d%2 == 1:
		out := b.numberPower(new(big.Rat).Neg(v), r)
		if r.n%2 == 0 {
			return out
		}
		return &quotient{b.negated(out.num), out.den}
	case v.Sign() < 0 && r.d == 2:
		turned, _ := b.reduced(one, monomial{{imaginary, whole(r.n)}})
		return b.mul(turned, b.numberPower(new(big.Rat).Neg(v), r))
	case v.Sign() < 0:
		a := &atom{order: root, base: ratQuotient(v), key: "(" + v.RatString() + ")"}
		return atomQuotient(a, r)
	}
	m := b.times(b.primes(v.Num(), r), b.primes(v.Denom(), b.ratioOf(-r.n, r.d)))
	out, _ := b.reduced(one, m)
	return out
}

// trialLimit bounds the primes that are looked for. What is left of a number is prime
// below its square; above, it is taken as an atom of which nothing is known.
const trialLimit = 1 << 10

// primes writes n^r as a product of powers of primes.
func (b *Budget) primes(n *big.Int, r ratio) monomial {
	if n.BitLen() > 4096 {
		b.over()
	}
	var out monomial
	rest := new(big.Int).Set(n)
	quo, rem, divisor := new(big.Int), new(big.Int), new(big.Int)
	for p := int64(2); p < trialLimit && rest.BitLen() > 1; p += 1 + p%2 {
		if rest.IsInt64() {
			if p*p > rest.Int64() {
				break
			}
			if rest.Int64()%p != 0 {
				continue
			}
		}
		divisor.SetInt64(p)
		times := int64(0)
		for quo.QuoRem(rest, divisor, rem); rem.Sign() == 0; quo.QuoRem(rest, divisor, rem) {
			rest.Set(quo)
			times++
		}
		b.spend(1)
		if times > 0 {
			out = append(out, factor{primeAtom(p), b.ratioMul(whole(times), r)})
		}
	}
	if rest.BitLen() > 1 {
		out = b.times(out, b.largePart(rest, r))
	}
	return out
}

// largePart is what trial division leaves: a prime, a power, or unknown.
func (b *Budget) largePart(n *big.Int, r ratio) monomial {
	b.spend(1 + n.BitLen()/50)
	for k := int64(2); k <= 5; k++ {
		if s := integerRoot(n, k); s != nil {
			return b.primes(s, b.ratioMul(whole(k), r))
		}
	}
	if n.IsInt64() && n.Int64() < trialLimit*trialLimit {
		return monomial{{primeAtom(n.Int64()), r}}
	}
	v := new(big.Rat).SetInt(n)
	return monomial{{&atom{order: root, base: ratQuotient(v), key: "(" + v.RatString() + ")"}, r}}
}

// integerRoot is the k-th root of n if it is whole, or nil.
func integerRoot(n *big.Int, k int64) *big.Int {
	low, high := big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen())/uint(k)+1)
	exponent := big.NewInt(k)
	if k == 2 {
		s := new(big.Int).Sqrt(n)
		if new(big.Int).Mul(s, s).Cmp(n) == 0 {
			return s
		}
		return nil
	}
	for low.Cmp(high) < 0 {
		mid := new(big.Int).Rsh(new(big.Int).Add(low, high), 1)
		switch new(big.Int).Exp(mid, exponent, nil).Cmp(n) {
		case 0:
			return mid
		case -1:
			low = mid.Add(mid, big.NewInt(1))
		default:
			high = mid
		}
	}
	return nil
}

// symbolicPower is q^exponent for an exponent that is not a number: a product over the
// terms of the exponent, so that b^(x+1) is b·b^x and 4^x is (2^x)².
func (b *Budget) symbolicPower(q, exponent *quotient) *quotient {
	bases := monomial(nil)
	v, isNumber := q.rational()
	switch {
	case isNumber && v.Sign() == 0, !exponent.isWhole():
	case isNumber && v.Sign() > 0:
		bases = b.times(b.primes(v.Num(), whole(1)), b.primes(v.Denom(), whole(-1)))
	case q.isWhole() && len(q.num) == 1 && q.num[0].coef.Cmp(one) == 0 && positiveAtoms(q.num[0].mono, whole(1)):
		bases = q.num[0].mono
	}
	if bases == nil {
		return b.unknown("pow", q, exponent)
	}
	out := ratQuotient(one)
	for _, f := range bases {
		for _, t := range exponent.num {
			out = b.mul(out, b.powerTerm(f, t))
		}
	}
	return out
}

// powerTerm is f to the power of one term of an exponent.
func (b *Budget) powerTerm(f factor, t term) *quotient {
	r, ok := smallRatio(t.coef)
	if !ok {
		b.over()
	}
	r = b.ratioMul(f.exp, r)
	if len(t.mono) == 0 {
		if f.atom.order == prime {
			return b.rationalPower(ratQuotient(big.NewRat(f.atom.prime, 1)), r)
		}
		return atomQuotient(f.atom, r)
	}
	for _, g := range t.mono {
		if g.atom.order != free || g.atom.key == "π" {
			return b.unknown("pow", atomQuotient(f.atom, r), &quotient{single(one, t.mono), unity})
		}
	}
	return atomQuotient(&atom{order: powered, key: f.atom.key + "^(" + t.key + ")"}, r)
}

func smallRatio(r *big.Rat) (ratio, bool) {
	if !r.Num().IsInt64() || !r.Denom().IsInt64() || r.Denom().Int64() > 1<<14 || r.Num().BitLen() > 28 {
		return ratio{}, false
	}
	return ratio{r.Num().Int64(), r.Denom().Int64()}, true
}

// unknown is a function of which nothing is known but its arguments.
func (b *Budget) unknown(name string, args ...*quotient) *quotient {
	keys := make([]string, len(args))
	for i, a := range args {
		keys[i] = a.String()
	}
	return atomQuotient(&atom{order: opaque, key: name + "(" + strings.Join(keys, ",") + ")"}, whole(1))
}

// Simplified is an expression as a number, if it is a rational one.
func Simplified(x *Expr, b *Budget) (out *Expr, ok bool) {
	var err error
	func() {
		defer guard(&err)
		var r *big.Rat
		if r, ok = b.normal(x).rational(); ok {
			out = Rat(r)
		}
	}()
	return out, ok && err == nil
}
