package algebra

import "math/big"

// Budget bounds the work of a decision. It is spent before the work is done.
type Budget struct {
	Steps int // operations on terms, and thousands of bit operations on large numbers
	Bits  int // of a number
	Terms int // of a polynomial
}

// DefaultBudget decides what people and models write within some milliseconds.
func DefaultBudget() *Budget { return &Budget{Steps: 20_000, Bits: 1 << 16, Terms: 600} }

// spent travels as a panic from where the budget ends to the door of the package.
type spent struct{}

func (b *Budget) spend(steps int) {
	b.Steps -= steps
	if b.Steps < 0 {
		panic(spent{})
	}
}

func (b *Budget) over() { panic(spent{}) }

// guard turns a spent budget into ErrBudget at the door.
func guard(err *error) {
	switch r := recover().(type) {
	case nil:
	case spent:
		*err = ErrBudget
	case undefined:
		*err = ErrUndefined
	default:
		panic(r)
	}
}

// rat spends what an operation on numbers of that size costs, and refuses larger ones.
func (b *Budget) rat(r *big.Rat) *big.Rat {
	bits := r.Num().BitLen() + r.Denom().BitLen()
	if bits > b.Bits {
		b.over()
	}
	b.spend(1 + bits*bits/300_000)
	return r
}

// power is q to an integer power, refused before it is large.
func (b *Budget) power(q *big.Rat, n int64) *big.Rat {
	size := max(q.Num().BitLen(), q.Denom().BitLen())
	abs := max(n, -n)
	one := q.IsInt() && q.Num().IsInt64() && max(q.Num().Int64(), -q.Num().Int64()) <= 1
	if !one && abs > int64(b.Bits)/int64(max(size-1, 1)) {
		b.over()
	}
	if one {
		abs %= 2
		if q.Sign() != 0 && abs == 0 {
			return big.NewRat(1, 1)
		}
		if n != 0 {
			return q
		}
		return big.NewRat(1, 1)
	}
	exponent := big.NewInt(abs)
	num := new(big.Int).Exp(q.Num(), exponent, nil)
	den := new(big.Int).Exp(q.Denom(), exponent, nil)
	if n < 0 {
		num, den = den, num
	}
	return b.rat(new(big.Rat).SetFrac(num, den))
}
