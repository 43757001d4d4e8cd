package algebra

import (
	"hash/fnv"
	"math/big"
	"math/bits"
)

// modulus is the Mersenne prime 2^61 − 1.
const modulus = 1<<61 - 1

// residues evaluates expressions modulo a prime at a pseudo-random point, which the seed
// and the names of the symbols choose. A function of which nothing is known takes a value
// that is a hash of its arguments' values, so that equal arguments give equal values.
//
// Two expressions of degree at most d that differ as rational functions agree at a random
// point with probability at most d/2^61 (Schwartz and Zippel).
type residues struct {
	seed   uint64
	budget *Budget
	hashed bool // some value is a hash: a difference proves nothing
}

func addMod(x, y uint64) uint64 {
	s := x + y
	if s >= modulus {
		s -= modulus
	}
	return s
}

func mulMod(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return addMod(lo&modulus, (hi<<3|lo>>61)%modulus)
}

func powMod(x, n uint64) uint64 {
	out := uint64(1)
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = mulMod(out, x)
		}
		x = mulMod(x, x)
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
	return x % modulus
}

func (m *residues) number(r *big.Rat) uint64 {
	m.budget.spend(1 + r.Num().BitLen()/1000)
	p := big.NewInt(modulus)
	num := new(big.Int).Mod(r.Num(), p).Uint64()
	return mulMod(num, m.inverse(new(big.Int).Mod(r.Denom(), p).Uint64()))
}

func (m *residues) inverse(x uint64) uint64 {
	if x == 0 {
		panic(undefined{})
	}
	return powMod(x, modulus-2)
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
			out = addMod(out, m.eval(a))
		}
		return out
	case Product:
		out := uint64(1)
		for _, a := range x.Args {
			out = mulMod(out, m.eval(a))
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
	if base == 0 && n != 0 && n > (modulus-1)/2 {
		panic(undefined{})
	}
	return powMod(base, n)
}

// exponent evaluates a whole exponent modulo 2^61 − 2, the order of the group.
func (m *residues) exponent(x *Expr) (uint64, bool) {
	const order = modulus - 1
	switch x.Kind {
	case Number:
		if !x.Value.IsInt() {
			return 0, false
		}
		return new(big.Int).Mod(x.Value.Num(), big.NewInt(order)).Uint64(), true
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
			out.Mod(out, big.NewInt(order))
		}
		return out.Uint64(), true
	}
	return 0, false
}
