package algebra

import (
	"hash/fnv"
	"math/big"
	"math/bits"
)

// primes are random primes p of 61 bits of which (p − 1)/2 is prime too: only 1 and −1 have
// small orders, so that no short power is 1 by accident, as 2^61 is modulo 2^61 − 1.
var primes = [...]uint64{1802029465150258907, 1906072586210287043, 1582219097964912227}

// residues evaluates expressions modulo a prime at a pseudo-random point, which the seed
// and the names of the symbols choose. A function of which nothing is known takes a value
// that is a hash of its arguments' values, so that equal arguments give equal values.
//
// Two expressions of degree at most d that differ as rational functions agree at a random
// point with probability at most d/2^60 (Schwartz and Zippel). Exponents count modulo p − 1
// here, so d may be large where it does not look so: who calls two expressions equal must
// look at their values too.
type residues struct {
	seed    uint64
	modulus uint64
	budget  *Budget
	hashed  bool // some value is a hash: a difference proves nothing
}

func (m *residues) add(x, y uint64) uint64 {
	sum := x + y
	if sum >= m.modulus {
		sum -= m.modulus
	}
	return sum
}

func (m *residues) mul(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return bits.Rem64(hi, lo, m.modulus)
}

func (m *residues) pow(x, n uint64) uint64 {
	out := uint64(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = m.mul(out, x)
		}
		x = m.mul(x, x)
	}
	return out
}

// point hashes a name and values into a residue below the modulus.
func (m *residues) point(name string, values ...uint64) uint64 {
	h := fnv.New64a()
	var word [8]byte
	for _, v := range append([]uint64{m.seed}, values...) {
		for i := range word {
			word[i] = byte(v >> (8 * i))
		}
		h.Write(word[:]) //nolint:errcheck // a hash does not fail
	}
	h.Write([]byte(name)) //nolint:errcheck // a hash does not fail
	x := h.Sum64()
	x ^= x >> 31
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 29
	return x % m.modulus
}

func (m *residues) number(r *big.Rat) uint64 {
	m.budget.spend(1 + r.Num().BitLen()/1000)
	p := new(big.Int).SetUint64(m.modulus)
	num := new(big.Int).Mod(r.Num(), p).Uint64()
	return m.mul(num, m.inverse(new(big.Int).Mod(r.Denom(), p).Uint64()))
}

func (m *residues) inverse(x uint64) uint64 {
	if x == 0 {
		panic(undefined{})
	}
	return m.pow(x, m.modulus-2)
}

func (m *residues) eval(x *Expr) uint64 {
	m.budget.spend(1)
	switch x.Kind {
	case Number:
		return m.number(x.Value)
	case Symbol:
		return m.point(x.Name)
	case Constant:
		if x.Name == I {
			m.hashed = true
		}
		return m.point("const " + x.Name)
	case Sum:
		out := uint64(0)
		for _, a := range x.Args {
			out = m.add(out, m.eval(a))
		}
		return out
	case Product:
		out := uint64(1)
		for _, a := range x.Args {
			out = m.mul(out, m.eval(a))
		}
		return out
	case Power:
		return m.power(x)
	}
	m.hashed = true
	values := make([]uint64, len(x.Args))
	for i, a := range x.Args {
		values[i] = m.eval(a)
	}
	return m.point("call "+x.Name, values...)
}

func (m *residues) power(x *Expr) uint64 {
	base := m.eval(x.Args[0])
	n, ok := m.exponent(x.Args[1])
	if !ok {
		m.hashed = true
		return m.point("power", base, m.eval(x.Args[1]))
	}
	if base == 0 && n != 0 && n > (m.modulus-1)/2 {
		panic(undefined{})
	}
	return m.pow(base, n)
}

// exponent evaluates a whole exponent modulo p − 1, the order of the group.
func (m *residues) exponent(x *Expr) (uint64, bool) {
	order := new(big.Int).SetUint64(m.modulus - 1)
	switch x.Kind {
	case Number:
		if !x.Value.IsInt() {
			return 0, false
		}
		return new(big.Int).Mod(x.Value.Num(), order).Uint64(), true
	case Symbol:
		return m.point(x.Name), true
	case Sum, Product:
		out := new(big.Int)
		if x.Kind == Product {
			out.SetInt64(1)
		}
		for _, a := range x.Args {
			v, ok := m.exponent(a)
			if !ok {
				return 0, false
			}
			if w := new(big.Int).SetUint64(v); x.Kind == Sum {
				out.Add(out, w)
			} else {
				out.Mul(out, w)
			}
			out.Mod(out, order)
		}
		return out.Uint64(), true
	}
	return 0, false
}
