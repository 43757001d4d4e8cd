package algebra

import (
	"math"
	"math/big"
)

// maxArgument bounds |x| in exp, sin and cos by 2^maxArgument.
const maxArgument = 20

// wide is arithmetic with digits to spare, for what an elementary function does inside.
func (c *arithmetic) wide(extra int) *arithmetic {
	return &arithmetic{prec: c.prec + uint(extra) + 32, budget: c.budget}
}

// series sums t_0 + t_1 + …, with t_0 = first and t_{k+1} = t_k·step/next(k), until the
// terms vanish in the precision.
func (c *arithmetic) series(first, step *big.Float, next func(k int64) int64) *big.Float {
	sum := c.float().Set(first)
	t := c.float().Set(first)
	for k := int64(0); t.Sign() != 0; k++ {
		c.budget.spend(1 + int(c.prec)/512)
		t.Mul(t, step)
		t.Quo(t, c.float().SetInt64(next(k)))
		if t.Sign() != 0 && t.MantExp(nil) < sum.MantExp(nil)-int(c.prec) {
			break
		}
		sum.Add(sum, t)
	}
	return sum
}

// reduction is the number of halvings that make an argument small.
func (c *arithmetic) reduction(x ball) int {
	if x.size() > maxArgument {
		c.budget.over()
	}
	return max(0, x.size()) + 8
}

// exp is e^x: Taylor's series of x/2^k, squared k times.
func (c *arithmetic) exp(x ball) ball {
	k := c.reduction(x)
	w := c.wide(2 * k)
	r := w.float().SetMantExp(w.float().Set(x.mid), -k)
	e := w.series(w.float().SetInt64(1), r, func(k int64) int64 { return k + 1 })
	for range k {
		e.Mul(e, e)
	}
	err := e.MantExp(nil) + max(x.err+2, -int(c.prec))
	return c.at(c.float().Set(e), err)
}

// cosSin is (cos x, sin x): Taylor's series of x/2^k, doubled k times.
func (c *arithmetic) cosSin(x ball) (cos, sin ball) {
	k := c.reduction(x)
	w := c.wide(3 * k)
	r := w.float().SetMantExp(w.float().Set(x.mid), -k)
	square := w.float().Mul(r, r)
	square.Neg(square)
	one := w.float().SetInt64(1)
	co := w.series(one, square, func(k int64) int64 { return (2*k + 1) * (2*k + 2) })
	si := w.float().Set(r)
	if r.Sign() != 0 {
		si = w.series(r, square, func(k int64) int64 { return (2*k + 2) * (2*k + 3) })
	}
	for range k {
		twice := w.float().Mul(co, si)
		si = twice.Add(twice, twice)
		co = w.float().Mul(co, co)
		co.Add(co, co)
		co.Sub(co, one)
	}
	err := max(x.err, -int(c.prec))
	return c.at(c.float().Set(co), err), c.at(c.float().Set(si), err)
}

// ln of a positive number: Newton's method on exp, three times the digits a turn.
func (c *arithmetic) ln(x ball) ball {
	if x.sign() <= 0 {
		panic(unknowable{})
	}
	exponent := x.mid.MantExp(nil)
	w := c.wide(32)
	m := w.float().SetMantExp(x.mid, -exponent)
	f, _ := m.Float64()
	y := w.float().SetFloat64(math.Log(f))
	for digits := 50; digits < int(w.prec); digits *= 3 {
		e := w.exp(ball{y, exact}).mid
		up, down := w.float().Sub(m, e), w.float().Add(m, e)
		up.Quo(up, down)
		y.Add(y, up.Add(up, up))
	}
	if exponent != 0 {
		ln2 := w.ln2()
		y.Add(y, ln2.Mul(ln2, w.float().SetInt64(int64(exponent))))
	}
	err := -int(c.prec) - 4
	if x.err > exact {
		err = max(err, x.err-c.low(x)+1)
	}
	return c.at(c.float().Set(y), err)
}

// ln2 is 2·artanh(1/3).
func (c *arithmetic) ln2() *big.Float {
	s := c.inverseSeries(3, 1)
	return s.Add(s, s)
}

// pi is Machin's 16·arctan(1/5) − 4·arctan(1/239).
func (c *arithmetic) pi() ball {
	w := c.wide(0)
	a, b := w.inverseSeries(5, -1), w.inverseSeries(239, -1)
	a.Mul(a, w.float().SetInt64(16))
	a.Sub(a, b.Mul(b, w.float().SetInt64(4)))
	return c.at(c.float().Set(a), 2-int(c.prec))
}

// inverseSeries is Σ sign^k / ((2k+1)·n^(2k+1)): artanh(1/n) or arctan(1/n).
func (c *arithmetic) inverseSeries(n int64, sign int64) *big.Float {
	power := new(big.Int).Lsh(big.NewInt(1), c.prec)
	power.Quo(power, big.NewInt(n))
	sum, square, t := new(big.Int), big.NewInt(n*n), new(big.Int)
	for k := int64(0); power.Sign() != 0; k++ {
		c.budget.spend(1)
		t.Quo(power, big.NewInt(2*k+1))
		if k%2 == 1 && sign < 0 {
			t.Neg(t)
		}
		sum.Add(sum, t)
		power.Quo(power, square)
	}
	return c.float().SetMantExp(c.float().SetInt(sum), -int(c.prec))
}

// atan: the argument is made small by arctan x = 2·arctan(x/(1+√(1+x²))).
func (c *arithmetic) atan(x ball) ball {
	const halvings = 8
	w := c.wide(32)
	one := w.float().SetInt64(1)
	r := w.float().Set(x.mid)
	for range halvings {
		s := w.float().Mul(r, r)
		s.Sqrt(s.Add(s, one))
		r.Quo(r, s.Add(s, one))
	}
	out := w.float()
	if r.Sign() != 0 {
		square := w.float().Mul(r, r)
		square.Neg(square)
		power := w.float().Set(r)
		for k := int64(0); power.Sign() != 0 && power.MantExp(nil) > r.MantExp(nil)-int(w.prec); k++ {
			c.budget.spend(1 + int(c.prec)/512)
			out.Add(out, w.float().Quo(power, w.float().SetInt64(2*k+1)))
			power.Mul(power, square)
		}
	}
	out.SetMantExp(out, halvings)
	return c.at(c.float().Set(out), max(x.err, -int(c.prec)))
}
