package algebra

import (
	"math/big"
	"strings"
	"testing"
)

// grower makes an expression of bytes: the same of the same.
type grower struct{ data []byte }

func (g *grower) next() int {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return int(b)
}

var functions = []string{"sin", "cos", "tan", "arctan", "ln", "abs", "floor", "ceil", "factorial", "cosh", "arcsin"}

func (g *grower) expr(depth int) *Expr {
	if depth == 0 || len(g.data) == 0 {
		return g.leaf()
	}
	switch kind := g.next() % 12; kind {
	case 0, 1:
		return Add(g.expr(depth-1), g.expr(depth-1))
	case 2:
		return Sub(g.expr(depth-1), g.expr(depth-1))
	case 3, 4:
		return Mul(g.expr(depth-1), g.expr(depth-1))
	case 5:
		return Div(g.expr(depth-1), g.expr(depth-1))
	case 6, 7:
		return sqrt(g.expr(depth - 1))
	case 8:
		return Pow(g.expr(depth-1), fraction(int64(g.next()%7)-3, int64(g.next()%3)+1))
	case 9:
		return Fun(functions[g.next()%len(functions)], g.expr(depth-1))
	}
	return g.leaf()
}

func (g *grower) leaf() *Expr {
	switch v := g.next(); {
	case v < 160:
		return Int(int64(v%13) - 3)
	case v < 200:
		return fraction(int64(v%7)+1, int64(v%5)+1)
	case v < 210:
		return Const(Pi)
	case v < 216:
		return Const(E)
	case v < 222:
		return Const(I)
	case v < 240:
		return Sym("x")
	}
	return Sym("y")
}

// same writes an expression in other ways.
func same(x *Expr) []*Expr {
	root := sqrt(Int(2))
	return []*Expr{
		Mul(x, Add(Int(1), root), Sub(root, Int(1))),
		Div(Sub(square(Add(x, Int(1))), Add(square(x), Int(1))), Int(2)),
		Add(Int(3), x, Int(-3)),
	}
}

// apart tells whether the enclosures of two numbers leave no doubt that they differ.
func apart(a, b ball) bool {
	c := arithmetic{prec: 4096, budget: &Budget{Steps: 1 << 30, Bits: 1 << 30, Terms: 1 << 30}}
	wide := func(x ball) ball { return ball{c.float().Set(x.mid), x.err} }
	return c.sub(wide(a), wide(b)).sign() != 0
}

func differ(a, b complexBall) bool {
	zero := ball{new(big.Float), exact}
	im := func(z complexBall) ball {
		if z.isReal {
			return zero
		}
		return z.im
	}
	return apart(a.re, b.re) || apart(im(a), im(b))
}

// at encloses an expression with x = 7/3 and y = 5/11; ok is false where it has no value
// or takes too much work.
func at(x *Expr, prec uint) (z complexBall, ok bool) {
	b := DefaultBudget()
	var err error
	func() {
		defer guard(&err)
		z, ok = b.encloseAt(x, values{"x": big.NewRat(7, 3), "y": big.NewRat(5, 11)}, prec)
	}()
	return z, ok && err == nil
}

func isNumber(x *Expr) bool {
	names := map[string]bool{}
	x.Symbols(names)
	return len(names) == 0
}

// FuzzRoutes holds the ways in which equality is decided against each other: enclosures
// of one number at two precisions must meet; what the normal form, or residues modulo a
// prime, call equal must have enclosures that meet; and numbers that they call different
// must have enclosures that part.
func FuzzRoutes(f *testing.F) {
	f.Add([]byte{6, 2, 100, 3, 50, 6, 120}, []byte{2, 90, 6, 120})
	f.Add([]byte{9, 0, 3, 203, 170}, []byte{9, 1, 5, 203, 171})
	f.Add([]byte{0, 230, 8, 250, 4, 1}, []byte{3, 9, 5, 231, 200, 11, 250})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 60 {
			return
		}
		x, y := (&grower{first}).expr(5), (&grower{second}).expr(5)
		for _, z := range append(same(x), y) {
			checkRoutes(t, x, z)
		}
	})
}

// tree writes an expression as it stands, where String would bring it into normal form.
func tree(x *Expr) string {
	switch x.Kind {
	case Number:
		return x.Value.RatString()
	case Symbol, Constant:
		return x.Name
	}
	var head strings.Builder
	head.WriteString([...]string{Sum: "+", Product: "*", Power: "^", Call: x.Name}[x.Kind])
	for _, a := range x.Args {
		head.WriteString(" " + tree(a))
	}
	return "(" + head.String() + ")"
}

func checkRoutes(t *testing.T, x, y *Expr) {
	t.Helper()
	low, ok := at(x, 64)
	a, okA := at(x, 640)
	if ok && okA && differ(low, a) {
		t.Fatalf("%s is %s at 64 bits and %s at 640", tree(x), low, a)
	}
	b, okB := at(y, 640)
	if !okA || !okB || !isNumber(x) && (!a.isReal || !b.isReal) {
		return
	}
	for name, route := range map[string]func() (Decision, bool){
		"the normal form": func() (Decision, bool) { return byNormalForm(x, y, DefaultBudget()) },
		"residues":        func() (d Decision, ok bool) { return residuesOf(x, y) },
	} {
		d, decided := route()
		switch {
		case !decided:
		case d.Equal && differ(a, b):
			t.Fatalf("%s calls %s and %s equal (%s); they are %s and %s", name, tree(x), tree(y), d.How, a, b)
		case !d.Equal && isNumber(x) && isNumber(y) && close(a, b):
			t.Fatalf("%s calls %s and %s different (%s); both are %s", name, tree(x), tree(y), d.How, a)
		}
	}
}

func residuesOf(x, y *Expr) (d Decision, ok bool) {
	if !isNumber(x) || !isNumber(y) {
		return d, false
	}
	var err error
	func() {
		defer guard(&err)
		d, ok = DefaultBudget().byResidues(x, y)
	}()
	return d, ok && err == nil
}

// close tells of numbers that agree to some 500 bits.
func close(a, b complexBall) bool {
	near := func(a, b ball) bool {
		d := new(big.Float).SetPrec(4096).Sub(a.mid, b.mid)
		return a.err < -500 && b.err < -500 && (d.Sign() == 0 || d.MantExp(nil) < -480)
	}
	if a.isReal != b.isReal {
		return false
	}
	return near(a.re, b.re) && (a.isReal || near(a.im, b.im))
}
