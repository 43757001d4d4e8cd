package algebra

import "math/big"

// complexBall encloses a complex number. isReal says that im is the number 0.
type complexBall struct {
	re, im ball
	isReal bool
}

func realBall(x ball) complexBall { return complexBall{re: x, isReal: true} }

// values are the numbers that symbols stand for.
type values map[string]*big.Rat

// enclose evaluates an expression without symbols; ok is false where it is undefined or
// the precision does not tell.
func (b *Budget) enclose(x *Expr, prec uint) (complexBall, bool) {
	return b.encloseAt(x, nil, prec)
}

func (b *Budget) encloseAt(x *Expr, at values, prec uint) (z complexBall, ok bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case unknowable, undefined:
			ok = false
		default:
			panic(r)
		}
	}()
	e := evaluator{arithmetic{prec, b}, at}
	return e.eval(x), true
}

type evaluator struct {
	arithmetic
	at values
}

func (c *evaluator) eval(x *Expr) complexBall {
	switch x.Kind {
	case Number:
		return realBall(c.rat(x.Value))
	case Symbol:
		v, ok := c.at[x.Name]
		if !ok {
			panic(unknowable{})
		}
		return realBall(c.rat(v))
	case Constant:
		return c.constant(x.Name)
	case Sum:
		out := realBall(c.int(0))
		for _, a := range x.Args {
			out = c.cadd(out, c.eval(a))
		}
		return out
	case Product:
		out := realBall(c.int(1))
		for _, a := range x.Args {
			out = c.cmul(out, c.eval(a))
		}
		return out
	case Power:
		return c.pow(x.Args[0], x.Args[1])
	}
	return c.function(x)
}

func (c *evaluator) constant(name string) complexBall {
	switch name {
	case Pi:
		return realBall(c.pi())
	case E:
		return realBall(c.exp(c.int(1)))
	case I:
		return complexBall{re: c.int(0), im: c.int(1)}
	}
	panic(unknowable{})
}

func (c *evaluator) cadd(x, y complexBall) complexBall {
	if x.isReal && y.isReal {
		return realBall(c.add(x.re, y.re))
	}
	return complexBall{re: c.add(x.re, y.re), im: c.add(c.imag(x), c.imag(y))}
}

func (c *evaluator) imag(x complexBall) ball {
	if x.isReal {
		return c.int(0)
	}
	return x.im
}

func (c *evaluator) cmul(x, y complexBall) complexBall {
	if x.isReal && y.isReal {
		return realBall(c.mul(x.re, y.re))
	}
	xi, yi := c.imag(x), c.imag(y)
	return complexBall{
		re: c.sub(c.mul(x.re, y.re), c.mul(xi, yi)),
		im: c.add(c.mul(x.re, yi), c.mul(xi, y.re)),
	}
}

func (c *evaluator) cinv(x complexBall) complexBall {
	if x.isReal {
		return realBall(c.inv(x.re))
	}
	norm := c.inv(c.add(c.mul(x.re, x.re), c.mul(x.im, x.im)))
	return complexBall{re: c.mul(x.re, norm), im: c.neg(c.mul(x.im, norm))}
}

// pow is base^exponent, the real root of a negative base wherever there is one and the
// principal value elsewhere.
func (c *evaluator) pow(base, exponent *Expr) complexBall {
	z := c.eval(base)
	r, ok := c.exponent(exponent)
	if !ok {
		return c.cexp(c.cmul(c.eval(exponent), c.cln(z)))
	}
	n, d := r.n, r.d
	if d > 1 {
		z = c.croot(z, d)
	}
	if z.isReal {
		return realBall(c.power(z.re, n))
	}
	return c.cpower(z, n)
}

// exponent is a rational one, of a size that repeated multiplication can take.
func (c *evaluator) exponent(x *Expr) (ratio, bool) {
	var r *big.Rat
	switch x.Kind {
	case Number:
		r = x.Value
	case Symbol:
		r = c.at[x.Name]
	default:
		if v, ok := c.budget.normal(x).rational(); ok {
			r = v
		}
	}
	if r == nil {
		return ratio{}, false
	}
	return smallRatio(r)
}

func (c *evaluator) croot(z complexBall, d int64) complexBall {
	if z.isReal {
		switch s := z.re.sign(); {
		case s > 0 || z.re.isZero():
			return realBall(c.root(z.re, d))
		case s == 0:
			panic(unknowable{})
		case d%2 == 1:
			return realBall(c.neg(c.root(c.neg(z.re), d)))
		}
	}
	return c.cexp(c.cmul(realBall(c.rat(big.NewRat(1, d))), c.cln(z)))
}

func (c *evaluator) cpower(z complexBall, n int64) complexBall {
	if n < 0 {
		return c.cinv(c.cpower(z, -n))
	}
	out := realBall(c.int(1))
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = c.cmul(out, z)
		}
		if n > 1 {
			z = c.cmul(z, z)
		}
	}
	return out
}

func (c *evaluator) cexp(z complexBall) complexBall {
	size := c.exp(z.re)
	if z.isReal {
		return realBall(size)
	}
	cos, sin := c.cosSin(z.im)
	return complexBall{re: c.mul(size, cos), im: c.mul(size, sin)}
}

// cln is the principal logarithm.
func (c *evaluator) cln(z complexBall) complexBall {
	if z.isReal {
		switch z.re.sign() {
		case 1:
			return realBall(c.ln(z.re))
		case -1:
			return complexBall{re: c.ln(c.neg(z.re)), im: c.pi()}
		}
		panic(unknowable{})
	}
	norm := c.add(c.mul(z.re, z.re), c.mul(z.im, z.im))
	return complexBall{re: c.mul(c.ln(norm), c.rat(big.NewRat(1, 2))), im: c.argument(z)}
}

// argument is the angle of a number that is surely not on the negative real axis.
func (c *evaluator) argument(z complexBall) ball {
	halfPi := c.mul(c.pi(), c.rat(big.NewRat(1, 2)))
	switch {
	case z.re.sign() > 0:
		return c.atan(c.mul(z.im, c.inv(z.re)))
	case z.im.sign() > 0:
		return c.sub(halfPi, c.atan(c.mul(z.re, c.inv(z.im))))
	case z.im.sign() < 0:
		return c.neg(c.add(halfPi, c.atan(c.mul(z.re, c.inv(z.im)))))
	}
	panic(unknowable{})
}

// Float is a real number to the nearest float64 or so; ok is false where it has none.
func Float(x *Expr, b *Budget) (v float64, ok bool) {
	var err error
	func() {
		defer guard(&err)
		z, enclosed := b.enclose(x, 96)
		if ok = enclosed && z.isReal; ok {
			v, _ = z.re.mid.Float64()
		}
	}()
	return v, ok && err == nil
}
