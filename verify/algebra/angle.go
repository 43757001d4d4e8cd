package algebra

import "math/big"

// turn writes an argument as a rational multiple of π.
func (q *quotient) turn() (*big.Rat, bool) {
	if len(q.num) == 0 {
		return new(big.Rat), true
	}
	if !q.isWhole() || len(q.num) != 1 || len(q.num[0].mono) != 1 {
		return nil, false
	}
	f := q.num[0].mono[0]
	if f.atom.order != free || f.atom.key != "π" || f.exp != whole(1) {
		return nil, false
	}
	return q.num[0].coef, true
}

func (b *Budget) sin(x *Expr) *quotient {
	q := b.normal(x.Args[0])
	if t, ok := q.turn(); ok {
		return b.cosTurn(new(big.Rat).Sub(t, big.NewRat(1, 2)))
	}
	if sign, flipped := b.upright(q); sign < 0 {
		out := b.unknown("sin", flipped)
		return &quotient{b.negated(out.num), out.den}
	}
	return b.unknown("sin", q)
}

func (b *Budget) cos(x *Expr) *quotient {
	q := b.normal(x.Args[0])
	if t, ok := q.turn(); ok {
		return b.cosTurn(t)
	}
	_, q = b.upright(q)
	return b.unknown("cos", q)
}

// upright gives an argument the sign in which its last term is positive.
func (b *Budget) upright(q *quotient) (int, *quotient) {
	if q.num[len(q.num)-1].coef.Sign() > 0 {
		return 1, q
	}
	return -1, &quotient{b.negated(q.num), q.den}
}

// cosTurn is cos(tπ): a number with square roots for multiples of 15° and 18°.
func (b *Budget) cosTurn(t *big.Rat) *quotient {
	t = new(big.Rat).Abs(b.rat(t))
	twice := new(big.Int).Mul(t.Denom(), big.NewInt(2))
	t = new(big.Rat).SetFrac(new(big.Int).Mod(t.Num(), twice), t.Denom())
	sign := int64(1)
	if t.Cmp(one) > 0 {
		t.Sub(big.NewRat(2, 1), t)
	}
	if t.Cmp(big.NewRat(1, 2)) > 0 {
		t.Sub(one, t)
		sign = -1
	}
	out := b.cosAcute(t)
	return b.mul(ratQuotient(big.NewRat(sign, 1)), out)
}

// cosAcute is cos(tπ) for t in [0, 1/2].
func (b *Budget) cosAcute(t *big.Rat) *quotient {
	surd := func(coef *big.Rat, n int64) *quotient {
		return b.mul(ratQuotient(coef), b.numberPower(big.NewRat(n, 1), ratio{1, 2}))
	}
	quarter := big.NewRat(1, 4)
	switch t.RatString() {
	case "0":
		return ratQuotient(one)
	case "1/2":
		return zero
	case "1/3":
		return ratQuotient(big.NewRat(1, 2))
	case "1/4":
		return surd(big.NewRat(1, 2), 2)
	case "1/6":
		return surd(big.NewRat(1, 2), 3)
	case "1/12":
		return b.add(surd(quarter, 6), surd(quarter, 2))
	case "5/12":
		return b.add(surd(quarter, 6), surd(big.NewRat(-1, 4), 2))
	case "1/5":
		return b.add(surd(quarter, 5), ratQuotient(quarter))
	case "2/5":
		return b.add(surd(quarter, 5), ratQuotient(big.NewRat(-1, 4)))
	}
	return b.unknown("cos", b.mul(ratQuotient(t), atomQuotient(&atom{order: free, key: "π"}, whole(1))))
}
