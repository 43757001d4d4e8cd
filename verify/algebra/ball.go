package algebra

import "math/big"

// ball encloses a real number: |x − mid| ≤ 2^err. An exact one has err = exact.
type ball struct {
	mid *big.Float
	err int
}

// exact is an error smaller than any that arises.
const exact = -1 << 40

// arithmetic is guarded arithmetic at one precision.
type arithmetic struct {
	prec   uint
	budget *Budget
}

// unknowable travels as a panic where an enclosure says too little to go on: a division
// by what may be zero, a root of what may be negative.
type unknowable struct{}

func (c *arithmetic) float() *big.Float { return new(big.Float).SetPrec(c.prec) }

// at makes a ball of a rounded value and the error that came with its arguments.
func (c *arithmetic) at(mid *big.Float, err int) ball {
	c.budget.spend(1 + int(c.prec)/512)
	if mid.Sign() != 0 {
		exponent := mid.MantExp(nil)
		if exponent > 1<<24 || exponent < -1<<24 {
			c.budget.over()
		}
		if mid.Acc() != big.Exact {
			err = max(err, exponent-int(c.prec))
		}
	}
	if err > exact {
		err++
	}
	return ball{mid, err}
}

func (c *arithmetic) rat(r *big.Rat) ball { return c.at(c.float().SetRat(r), exact) }

func (c *arithmetic) int(n int64) ball { return ball{c.float().SetInt64(n), exact} }

// size bounds |x|: it is below 2^size.
func (x ball) size() int {
	if x.mid.Sign() == 0 {
		return x.err
	}
	return max(x.mid.MantExp(nil), x.err) + 1
}

// sign is −1 or 1 where the enclosure leaves no doubt, and 0 otherwise.
func (x ball) sign() int {
	if x.mid.Sign() == 0 || x.mid.MantExp(nil)-1 <= x.err {
		return 0
	}
	return x.mid.Sign()
}

// isZero tells of the number 0 itself, not of a ball around it.
func (x ball) isZero() bool { return x.mid.Sign() == 0 && x.err == exact }

// floors gives the floors of both ends.
func (x ball) floors() (low, high *big.Int) {
	if x.size() > 4096 {
		return nil, nil
	}
	width := new(big.Float).SetPrec(x.mid.Prec() + 64)
	if x.err > exact {
		width.SetMantExp(big.NewFloat(1), x.err)
	}
	ends := [2]*big.Int{}
	for i := range ends {
		end := new(big.Float).SetPrec(x.mid.Prec()+4200).Sub(x.mid, width)
		n, _ := end.Int(nil)
		if end.Sign() < 0 && new(big.Float).SetInt(n).Cmp(end) != 0 {
			n.Sub(n, big.NewInt(1))
		}
		ends[i] = n
		width.Neg(width)
	}
	return ends[0], ends[1]
}

func (c *arithmetic) add(x, y ball) ball {
	err := max(x.err, y.err)
	if err > exact {
		err++
	}
	if small, left := c.outweighed(x, y); left != nil {
		return c.at(c.float().Set(left), max(err, small)+1)
	}
	return c.at(c.float().Add(x.mid, y.mid), err)
}

// outweighed tells the number that is left of two when the other is too small to show, and
// what bounds that by 2^small: to add it, its digits would be written out to its place.
func (c *arithmetic) outweighed(x, y ball) (small int, left *big.Float) {
	if x.mid.Sign() == 0 || y.mid.Sign() == 0 {
		return 0, nil
	}
	a, b := x.mid.MantExp(nil), y.mid.MantExp(nil)
	switch gap := 2*int(c.prec) + 64; {
	case a-b > gap:
		return b, x.mid
	case b-a > gap:
		return a, y.mid
	}
	return 0, nil
}

func (c *arithmetic) neg(x ball) ball { return ball{c.float().Neg(x.mid), x.err} }

func (c *arithmetic) sub(x, y ball) ball { return c.add(x, c.neg(y)) }

func (c *arithmetic) mul(x, y ball) ball {
	err := exact
	if x.err > exact && !y.isZero() {
		err = max(err, y.size()+x.err+1)
	}
	if y.err > exact && !x.isZero() {
		err = max(err, x.size()+y.err+1)
	}
	return c.at(c.float().Mul(x.mid, y.mid), err)
}

// inv is 1/x.
func (c *arithmetic) inv(x ball) ball {
	if x.isZero() {
		panic(undefined{})
	}
	low := c.low(x)
	err := exact
	if x.err > exact {
		err = x.err - 2*low + 1
	}
	return c.at(c.float().Quo(c.float().SetInt64(1), x.mid), err)
}

// low bounds |x| from below by 2^low.
func (c *arithmetic) low(x ball) int {
	if x.sign() == 0 {
		panic(unknowable{})
	}
	return x.mid.MantExp(nil) - 2
}

// sqrt of a number that is not negative.
func (c *arithmetic) sqrt(x ball) ball {
	if x.isZero() {
		return x
	}
	if x.sign() <= 0 {
		panic(unknowable{})
	}
	err := exact
	if x.err > exact {
		err = x.err - c.low(x)/2 + 1
	}
	y := c.float().Sqrt(x.mid)
	if square := new(big.Float).SetPrec(2*c.prec).Mul(y, y); square.Cmp(x.mid) != 0 {
		err = max(err, y.MantExp(nil)-int(c.prec)+1) // big.Float forgets that it rounded a root
	}
	return c.at(y, err)
}

// root is the positive n-th root of a positive number, by Newton's method from above.
func (c *arithmetic) root(x ball, n int64) ball {
	if x.isZero() {
		return x
	}
	if x.sign() <= 0 {
		panic(unknowable{})
	}
	if n == 2 {
		return c.sqrt(x)
	}
	return c.exp(c.mul(c.ln(x), c.rat(big.NewRat(1, n))))
}

// power is x to a whole power.
func (c *arithmetic) power(x ball, n int64) ball {
	if n < 0 {
		return c.inv(c.power(x, -n))
	}
	out := c.int(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = c.mul(out, x)
		}
		if n > 1 {
			x = c.mul(x, x)
		}
	}
	return out
}
