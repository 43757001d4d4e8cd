package algebra

import (
	"math/big"
)

// function is what is known of a function, or nil.
func function(name string) func(b *Budget, x *Expr) *quotient {
	switch name {
	case "sin":
		return (*Budget).sin
	case "cos":
		return (*Budget).cos
	case "tan":
		return func(b *Budget, x *Expr) *quotient { return b.div(b.sin(x), b.cos(x)) }
	case "cot":
		return func(b *Budget, x *Expr) *quotient { return b.div(b.cos(x), b.sin(x)) }
	case "sec":
		return func(b *Budget, x *Expr) *quotient { return b.div(ratQuotient(one), b.cos(x)) }
	case "csc":
		return func(b *Budget, x *Expr) *quotient { return b.div(ratQuotient(one), b.sin(x)) }
	case "ln":
		return (*Budget).ln
	case "abs":
		return (*Budget).abs
	case "floor":
		return func(b *Budget, x *Expr) *quotient { return b.rounded(x, false) }
	case "ceil":
		return func(b *Budget, x *Expr) *quotient { return b.rounded(x, true) }
	case "factorial":
		return (*Budget).factorial
	case "sum":
		return func(b *Budget, x *Expr) *quotient { return b.repeated(x, zero, b.add) }
	case "prod":
		return func(b *Budget, x *Expr) *quotient { return b.repeated(x, ratQuotient(one), b.mul) }
	}
	return ofIntegers(name)
}

// ofIntegers is what is known of a function of whole numbers, or nil.
func ofIntegers(name string) func(b *Budget, x *Expr) *quotient {
	switch name {
	case "binomial":
		return (*Budget).binomial
	case "gcd":
		return integers(func(x, y *big.Int) *big.Int { return new(big.Int).GCD(nil, nil, x, y) })
	case "lcm":
		return integers(lcm)
	case "mod":
		return integers(remainder)
	case "max":
		return extreme(1)
	case "min":
		return extreme(-1)
	}
	return nil
}

func remainder(x, y *big.Int) *big.Int {
	if y.Sign() == 0 {
		panic(undefined{})
	}
	return new(big.Int).Mod(x, y)
}

// arity is the number of arguments of a function of which something is known; 0: any.
var arity = map[string]int{"binomial": 2, "mod": 2, "gcd": 0, "lcm": 0, "max": 0, "min": 0, "sum": 4, "prod": 4}

func (b *Budget) call(x *Expr) *quotient {
	f := function(x.Name)
	n, limited := arity[x.Name]
	if !limited {
		n = 1
	}
	if f != nil && (n == 0 || n == len(x.Args)) {
		return f(b, x)
	}
	return b.opaqueCall(x)
}

// opaqueCall is a function of its arguments and no more.
func (b *Budget) opaqueCall(x *Expr) *quotient {
	args := make([]*quotient, len(x.Args))
	for i, a := range x.Args {
		args[i] = b.normal(a)
	}
	return b.unknown(x.Name, args...)
}

func integers(op func(x, y *big.Int) *big.Int) func(*Budget, *Expr) *quotient {
	return func(b *Budget, x *Expr) *quotient {
		var out *big.Int
		for _, a := range x.Args {
			v, ok := b.normal(a).rational()
			if !ok || !v.IsInt() {
				return b.opaqueCall(x)
			}
			if out == nil {
				out = v.Num()
				continue
			}
			out = op(out, v.Num())
		}
		if out == nil {
			return b.opaqueCall(x)
		}
		return ratQuotient(b.rat(new(big.Rat).SetInt(out)))
	}
}

func lcm(x, y *big.Int) *big.Int {
	if x.Sign() == 0 || y.Sign() == 0 {
		return new(big.Int)
	}
	g := new(big.Int).GCD(nil, nil, x, y)
	return g.Abs(g.Div(new(big.Int).Mul(x, y), g))
}

func extreme(sign int) func(*Budget, *Expr) *quotient {
	return func(b *Budget, x *Expr) *quotient {
		var out *big.Rat
		for _, a := range x.Args {
			v, ok := b.normal(a).rational()
			if !ok {
				return b.opaqueCall(x)
			}
			if out == nil || v.Cmp(out)*sign > 0 {
				out = v
			}
		}
		if out == nil {
			return b.opaqueCall(x)
		}
		return ratQuotient(out)
	}
}

// maxFactorial bounds the argument of a factorial that is multiplied out.
const maxFactorial = 5000

func (b *Budget) factorial(x *Expr) *quotient {
	q := b.normal(x.Args[0])
	v, ok := q.rational()
	if !ok {
		return b.symbolicFactorial(q)
	}
	if !v.IsInt() || v.Sign() < 0 {
		return b.opaqueCall(x)
	}
	if !v.Num().IsInt64() || v.Num().Int64() > maxFactorial {
		b.over()
	}
	n := v.Num().Int64()
	b.spend(1 + int(n*n/20_000))
	return ratQuotient(b.rat(new(big.Rat).SetInt(new(big.Int).MulRange(1, n))))
}

// symbolicFactorial writes (n+c)! as n! times or over the factors between.
func (b *Budget) symbolicFactorial(q *quotient) *quotient {
	c := int64(0)
	if q.isWhole() && q.num[0].key == "" && q.num[0].coef.IsInt() && q.num[0].coef.Num().IsInt64() {
		c = q.num[0].coef.Num().Int64()
	}
	if c == 0 || c > 20 || c < -20 {
		return b.unknown("factorial", q)
	}
	base := &quotient{q.num[1:], unity}
	out := b.unknown("factorial", base)
	for k := int64(1); k <= c; k++ {
		out = b.mul(out, b.add(base, ratQuotient(big.NewRat(k, 1))))
	}
	for k := int64(0); k > c; k-- {
		out = b.div(out, b.add(base, ratQuotient(big.NewRat(k, 1))))
	}
	return out
}

// polynomialBinomial is n(n−1)…(n−k+1)/k! for a small whole k.
func (b *Budget) polynomialBinomial(x *Expr) *quotient {
	k, ok := b.normal(x.Args[1]).rational()
	if !ok || !k.IsInt() || k.Sign() < 0 || k.Cmp(big.NewRat(8, 1)) > 0 {
		return b.opaqueCall(x)
	}
	n := b.normal(x.Args[0])
	out := ratQuotient(one)
	for j := range k.Num().Int64() {
		out = b.mul(out, b.add(n, ratQuotient(big.NewRat(-j, 1))))
		out = b.div(out, ratQuotient(big.NewRat(j+1, 1)))
	}
	return out
}

func (b *Budget) binomial(x *Expr) *quotient {
	n, isN := b.normal(x.Args[0]).rational()
	k, isK := b.normal(x.Args[1]).rational()
	if !isN {
		return b.polynomialBinomial(x)
	}
	if !isK || !n.IsInt() || !k.IsInt() || n.Sign() < 0 {
		return b.opaqueCall(x)
	}
	if k.Sign() < 0 || k.Cmp(n) > 0 {
		return zero
	}
	if !n.Num().IsInt64() || n.Num().Int64() > maxFactorial {
		b.over()
	}
	b.spend(1 + int(n.Num().Int64()*k.Num().Int64()/20_000))
	return ratQuotient(b.rat(new(big.Rat).SetInt(new(big.Int).Binomial(n.Num().Int64(), k.Num().Int64()))))
}

// maxRepeats bounds a sum or product that is written out.
const maxRepeats = 200

// repeated writes out a sum or product between whole limits.
func (b *Budget) repeated(x *Expr, start *quotient, op func(x, y *quotient) *quotient) *quotient {
	from, isFrom := b.normal(x.Args[1]).rational()
	to, isTo := b.normal(x.Args[2]).rational()
	if isFrom && isTo && from.IsInt() && to.IsInt() && x.Args[0].Kind == Symbol {
		n := new(big.Int).Sub(to.Num(), from.Num())
		if n.IsInt64() && n.Int64() < maxRepeats {
			out := start
			for k := int64(0); k <= n.Int64(); k++ {
				at := Rat(new(big.Rat).Add(from, big.NewRat(k, 1)))
				out = op(out, b.normal(Substitute(x.Args[3], x.Args[0].Name, at)))
			}
			return out
		}
	}
	if x.Args[0].Kind != Symbol {
		return b.opaqueCall(x)
	}
	body := Substitute(x.Args[3], x.Args[0].Name, Sym("•"+x.Name))
	return b.unknown(x.Name, b.normal(x.Args[1]), b.normal(x.Args[2]), b.normal(body))
}

// Substitute puts an expression in the place of a symbol.
func Substitute(x *Expr, name string, by *Expr) *Expr {
	if x.Kind == Symbol && x.Name == name {
		return by
	}
	if len(x.Args) == 0 || binds(x) && x.Args[0].Name == name {
		return x
	}
	args := make([]*Expr, len(x.Args))
	for i, a := range x.Args {
		args[i] = Substitute(a, name, by)
	}
	return &Expr{Kind: x.Kind, Name: x.Name, Value: x.Value, Args: args}
}

// ln of a rational is a sum of logarithms of primes; ln e^x is x.
func (b *Budget) ln(x *Expr) *quotient {
	q := b.normal(x.Args[0])
	if !q.isWhole() || len(q.num) != 1 || q.num[0].coef.Sign() <= 0 {
		return b.unknown("ln", q)
	}
	t := q.num[0]
	m := b.times(b.primes(t.coef.Num(), whole(1)), b.primes(t.coef.Denom(), whole(-1)))
	for _, f := range t.mono {
		if f.atom.order != prime && (f.atom.order != free || f.atom.key != E && f.atom.key != "π") {
			return b.unknown("ln", q)
		}
	}
	out := zero
	for _, f := range b.times(m, t.mono) {
		value := ratQuotient(one)
		if f.atom.key != E {
			value = b.unknown("ln", atomQuotient(f.atom, whole(1)))
		}
		out = b.add(out, b.mul(ratQuotient(big.NewRat(f.exp.n, f.exp.d)), value))
	}
	return out
}

// abs of a real number is decided by its sign.
func (b *Budget) abs(x *Expr) *quotient {
	q := b.normal(x.Args[0])
	minus := &quotient{b.negated(q.num), q.den}
	if r, ok := q.rational(); ok {
		return ratQuotient(new(big.Rat).Abs(r))
	}
	if z, ok := b.enclose(x.Args[0], 128); ok && z.isReal {
		if s := z.re.sign(); s > 0 {
			return q
		} else if s < 0 {
			return minus
		}
	}
	if re, im, ok := b.complexParts(q); ok {
		return b.rationalPower(b.add(b.mul(re, re), b.mul(im, im)), ratio{1, 2})
	}
	if len(q.num) > 0 && q.num[len(q.num)-1].coef.Sign() < 0 {
		q = minus
	}
	return b.unknown("abs", q)
}

// complexParts splits a number made of rationals, their roots, π, e and i.
func (b *Budget) complexParts(q *quotient) (re, im *quotient, ok bool) {
	if !q.isWhole() {
		return nil, nil, false
	}
	var real, imag poly
	for _, t := range q.num {
		isImag := false
		for _, f := range t.mono {
			switch f.atom.order {
			case unit:
				isImag = true
			case prime:
			case free:
				if f.atom.key != "π" && f.atom.key != E {
					return nil, nil, false
				}
			default:
				return nil, nil, false
			}
		}
		if !isImag {
			real = append(real, t)
			continue
		}
		imag = b.polyAdd(imag, single(t.coef, t.mono[:len(t.mono)-1]))
	}
	return &quotient{real, unity}, &quotient{imag, unity}, true
}

// rounded is the floor or the ceiling of a real number.
func (b *Budget) rounded(x *Expr, up bool) *quotient {
	r, ok := b.normal(x.Args[0]).rational()
	if !ok {
		z, enclosed := b.enclose(x.Args[0], 256)
		if !enclosed || !z.isReal {
			return b.opaqueCall(x)
		}
		low, high := z.re.floors()
		if low == nil || low.Cmp(high) != 0 {
			return b.opaqueCall(x)
		}
		if up {
			low.Add(low, big.NewInt(1))
		}
		return ratQuotient(b.rat(new(big.Rat).SetInt(low)))
	}
	n := new(big.Int).Div(r.Num(), r.Denom())
	if up && !r.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	return ratQuotient(b.rat(new(big.Rat).SetInt(n)))
}
