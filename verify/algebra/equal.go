package algebra

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Decision is whether two expressions are equal, and how that was found.
type Decision struct {
	Equal bool
	How   string
}

// Equal decides whether two expressions have the same value: as numbers, or as functions
// of their symbols wherever both are real. The error is ErrBudget where the work would
// exceed the budget, or ErrUndefined where one of them divides by zero.
func Equal(x, y *Expr, b *Budget) (d Decision, err error) {
	if Same(x, y) {
		return Decision{true, "the same expression"}, nil
	}
	if usesInfinity(x) || usesInfinity(y) {
		return Decision{false, "undefined: it computes with infinity"}, nil
	}
	if d, ok := byNormalForm(x, y, b); ok {
		return d, nil
	}
	defer guard(&err)
	if b.Steps < 0 {
		b.Steps = 0
	}
	b.Steps += DefaultBudget().Steps
	names := map[string]bool{}
	x.Symbols(names)
	y.Symbols(names)
	if len(names) == 0 {
		return b.asNumbers(x, y), nil
	}
	symbols := make([]string, 0, len(names))
	for name := range names {
		symbols = append(symbols, name)
	}
	slices.Sort(symbols)
	residues, decided := b.byResidues(x, y)
	if decided && !residues.Equal {
		return residues, nil
	}
	values, counted := b.atPoints(x, y, symbols, decided)
	if decided && counted > 0 {
		return residues, nil
	}
	return values, nil
}

// byNormalForm decides by normal forms where they settle the matter within the budget.
func byNormalForm(x, y *Expr, b *Budget) (d Decision, ok bool) {
	var err error
	func() {
		defer guard(&err)
		p, q := b.normal(x), b.normal(y)
		switch {
		case b.same(p, q):
			d, ok = Decision{true, "equal in normal form"}, true
		case p.independent() && q.independent():
			d, ok = Decision{false, "different in normal form"}, true
		}
	}()
	if err == ErrUndefined { //nolint:errorlint // guard sets it as it is
		return Decision{false, "undefined: a division by zero"}, true
	}
	return d, ok
}

// precisions are the bits at which numbers are compared, from a glance to a proof.
var precisions = []uint{96, 384, 1536}

// assumed is the number of bits to which two numbers that no bound is known for must
// agree to be called equal.
const assumed = 1024

// asNumbers tells two numbers apart by disjoint enclosures, and calls them equal when
// their difference is below the separation bound of algebraic numbers of its form.
func (b *Budget) asNumbers(x, y *Expr) Decision {
	difference := Sub(x, y)
	bound, algebraic := separation(difference)
	for _, prec := range precisions {
		z, ok := b.enclose(difference, prec)
		if !ok {
			continue
		}
		if z.apart() {
			return Decision{false, fmt.Sprintf("they differ by about %s", z.String())}
		}
		switch size := z.size(); {
		case algebraic && float64(size) < -bound:
			return Decision{true, fmt.Sprintf("equal: both are algebraic, and closer than the bound 2^-%.0f that would keep them apart", math.Ceil(bound))}
		case size < -assumed && (!algebraic || bound > assumed):
			return Decision{true, fmt.Sprintf("equal to %d binary digits; no identity is known here", -size)}
		}
	}
	return Decision{false, "no value could be computed for their difference"}
}

// apart tells whether 0 is not within.
func (z complexBall) apart() bool { return z.re.sign() != 0 || !z.isReal && z.im.sign() != 0 }

// size bounds the binary exponent of the absolute value.
func (z complexBall) size() int {
	if z.isReal {
		return z.re.size()
	}
	return max(z.re.size(), z.im.size()) + 1
}

// String writes a number roughly.
func (z complexBall) String() string {
	if z.isReal || z.im.isZero() {
		return shortly(z.re.mid)
	}
	return shortly(z.re.mid) + " + " + shortly(z.im.mid) + "i"
}

// shortly writes six digits; a power of two where decimal ones would take long to find.
func shortly(x *big.Float) string {
	const far = 1 << 14
	if e := x.MantExp(nil); e > far || e < -far {
		return fmt.Sprintf("2^%d", e)
	}
	return x.Text('g', 6)
}

// byResidues compares values modulo a prime at points: agreement at all is equality up to
// the stated probability, a difference is one unless a value was a hash.
func (b *Budget) byResidues(x, y *Expr) (d Decision, ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, isUndefined := r.(undefined); !isUndefined {
				panic(r)
			}
			ok = false
		}
	}()
	for i, p := range primes {
		m := residues{seed: uint64(i)*0x9e3779b97f4a7c15 + 0x243f6a8885a308d3, modulus: p, budget: b}
		if m.eval(x) != m.eval(y) {
			return Decision{false, "different at a point modulo a large prime"}, !m.hashed
		}
	}
	return Decision{true, "equal at 3 points modulo large primes (chance of an error below degree/2^60 each) and nearly so at rational ones"}, true
}

// atPoints compares values at rational points with enclosures. A point counts where both
// sides have a value and these are close; at least two must. A difference counts none.
// Where residues speak for equality, close is relative to the values, and a check that
// exponents played no trick on them; else it is what numbers must be of which no identity
// is known.
func (b *Budget) atPoints(x, y *Expr, symbols []string, likely bool) (d Decision, counted int) {
	const wanted, glance = 4, 128
	difference := Sub(x, y)
	for trial := range 12 {
		at, limit := point(symbols, trial), -assumed
		z, ok := b.encloseAt(difference, at, glance)
		switch {
		case !ok || z.apart():
		case likely:
			limit = -glance / 2
			if v, ok := b.encloseAt(x, at, glance); ok {
				limit += max(0, v.size())
			}
		default:
			z, ok = b.encloseAt(difference, at, precisions[len(precisions)-1])
		}
		if !ok {
			continue
		}
		if z.apart() {
			return Decision{false, fmt.Sprintf("at %s they differ by about %s", describe(symbols, trial), z.String())}, 0
		}
		if z.size() > limit {
			continue
		}
		if counted++; counted == wanted {
			break
		}
	}
	if counted < 2 {
		return Decision{false, "no point was found where both have a value"}, counted
	}
	return Decision{true, fmt.Sprintf("equal at %d points to %d binary digits; no identity is known here", counted, assumed)}, counted
}

// point chooses rational values: positive at even trials, at odd ones each choice of signs
// in turn.
func point(symbols []string, trial int) values {
	at := values{}
	for i, name := range symbols {
		m := residues{seed: uint64(trial) + 17, modulus: primes[0]}
		h := m.point(name, uint64(i))
		v := big.NewRat(int64(h%1000)+37, 211+int64(h/1000%500))
		if trial%2 == 1 && (trial/2+1)>>(i%3)&1 == 1 {
			v.Neg(v)
		}
		at[name] = v
	}
	return at
}

func describe(symbols []string, trial int) string {
	at := point(symbols, trial)
	var out strings.Builder
	for i, name := range symbols {
		if i > 0 {
			out.WriteString(", ")
		}
		out.WriteString(name + " = " + at[name].RatString())
	}
	return out.String()
}

// Compare tells which of two real numbers is the larger: −1, 0 or 1 as x is below, equal
// to or above y. Infinity is above all numbers. It is not ok where that cannot be told.
func Compare(x, y *Expr, b *Budget) (sign int, ok bool) {
	if ix, iy := Infinite(x), Infinite(y); ix != 0 || iy != 0 {
		return max(-1, min(1, ix-iy)), true
	}
	var err error
	func() {
		defer guard(&err)
		z, enclosed := b.enclose(Sub(x, y), 128)
		if ok = enclosed && z.isReal; ok {
			sign = z.re.sign()
		}
	}()
	if err != nil || !ok {
		return 0, false
	}
	if sign == 0 {
		d, err := Equal(x, y, b)
		return 0, err == nil && d.Equal
	}
	return sign, true
}

// usesInfinity tells whether an expression that is not infinity itself computes with it.
func usesInfinity(x *Expr) bool {
	return Infinite(x) == 0 && slices.ContainsFunc(x.Args, func(a *Expr) bool { return Infinite(a) != 0 || usesInfinity(a) })
}

// Infinite is the sign of an infinity, and 0 for anything else.
func Infinite(x *Expr) int {
	switch {
	case x.Kind == Constant && x.Name == Infinity:
		return 1
	case x.Kind == Product && len(x.Args) == 2 && x.Args[0].Kind == Number:
		return x.Args[0].Value.Sign() * Infinite(x.Args[1])
	case x.Kind == Sum && len(x.Args) == 1:
		return Infinite(x.Args[0])
	}
	return 0
}
