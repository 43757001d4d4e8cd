package algebra

import "math/big"

// function evaluates a function of numbers.
func (c *evaluator) function(x *Expr) complexBall {
	switch x.Name {
	case "sin", "cos", "tan", "cot", "sec", "csc":
		return c.trigonometric(x.Name, c.argumentOf(x))
	case "sinh", "cosh", "tanh":
		return c.hyperbolic(x.Name, c.argumentOf(x))
	case "arcsin", "arccos", "arctan":
		return realBall(c.inverseTrig(x.Name, c.real(c.argumentOf(x))))
	case "ln":
		return realBall(c.ln(c.real(c.argumentOf(x))))
	case "abs":
		return c.absolute(c.argumentOf(x))
	case "floor", "ceil":
		return c.round(x.Name == "ceil", c.real(c.argumentOf(x)))
	}
	return c.rationalCall(x)
}

func (c *evaluator) argumentOf(x *Expr) complexBall {
	if len(x.Args) != 1 {
		panic(unknowable{})
	}
	return c.eval(x.Args[0])
}

func (c *evaluator) real(z complexBall) ball {
	if !z.isReal {
		panic(unknowable{})
	}
	return z.re
}

func (c *evaluator) trigonometric(name string, z complexBall) complexBall {
	if !z.isReal {
		panic(unknowable{})
	}
	cos, sin := c.cosSin(z.re)
	switch name {
	case "sin":
		return realBall(sin)
	case "cos":
		return realBall(cos)
	case "tan":
		return realBall(c.mul(sin, c.inv(cos)))
	case "cot":
		return realBall(c.mul(cos, c.inv(sin)))
	case "sec":
		return realBall(c.inv(cos))
	}
	return realBall(c.inv(sin))
}

func (c *evaluator) hyperbolic(name string, z complexBall) complexBall {
	up := c.exp(c.real(z))
	down := c.inv(up)
	sinh, cosh := c.sub(up, down), c.add(up, down)
	half := c.rat(big.NewRat(1, 2))
	switch name {
	case "sinh":
		return realBall(c.mul(sinh, half))
	case "cosh":
		return realBall(c.mul(cosh, half))
	}
	return realBall(c.mul(sinh, c.inv(cosh)))
}

func (c *evaluator) inverseTrig(name string, x ball) ball {
	if name == "arctan" {
		return c.atan(x)
	}
	halfPi := c.mul(c.pi(), c.rat(big.NewRat(1, 2)))
	var arcsin ball
	rest := c.sub(c.int(1), c.mul(x, x))
	switch {
	case rest.isZero() && x.sign() > 0:
		arcsin = halfPi
	case rest.isZero():
		arcsin = c.neg(halfPi)
	default:
		arcsin = c.atan(c.mul(x, c.inv(c.sqrt(rest))))
	}
	if name == "arcsin" {
		return arcsin
	}
	return c.sub(halfPi, arcsin)
}

func (c *evaluator) absolute(z complexBall) complexBall {
	if !z.isReal {
		return realBall(c.sqrt(c.add(c.mul(z.re, z.re), c.mul(z.im, z.im))))
	}
	if z.re.sign() < 0 || z.re.mid.Sign() < 0 {
		return realBall(c.neg(z.re))
	}
	return z
}

func (c *evaluator) round(up bool, x ball) complexBall {
	if up { // the ceiling of x is less the floor of −x
		x = c.neg(x)
	}
	low, high := x.floors()
	if low == nil || low.Cmp(high) != 0 {
		panic(unknowable{})
	}
	if up {
		low.Neg(low)
	}
	return realBall(c.rat(new(big.Rat).SetInt(low)))
}

// rationalCall evaluates a function that has a value only at rational arguments.
func (c *evaluator) rationalCall(x *Expr) complexBall {
	if binds(x) {
		panic(unknowable{})
	}
	args := make([]*Expr, len(x.Args))
	for i, a := range x.Args {
		for name, value := range c.at {
			a = Substitute(a, name, Rat(value))
		}
		args[i] = a
	}
	if r, ok := c.budget.call(Fun(x.Name, args...)).rational(); ok {
		return realBall(c.rat(r))
	}
	panic(unknowable{})
}
