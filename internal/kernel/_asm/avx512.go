package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// row is what a function over rows has in registers: its slices, its scalars in all
// lanes, and the lanes that lie within the row.
type row struct {
	at   map[string]Mem
	x    map[string]reg.VecVirtual
	mask reg.OpmaskVirtual
}

// in loads the numbers of a slice; lanes behind the row are zero and nothing is read there.
func (r row) in(name string) reg.VecVirtual {
	v := ZMM()
	VMOVUPS_Z(r.at[name], r.mask, v)
	return v
}

// out stores the lanes within the row.
func (r row) out(v reg.VecVirtual, name string) { VMOVUPS(v, r.mask, r.at[name]) }

// masked writes a function over a row of n ≥ 1 numbers, sixteen a turn: pointers lists
// its slices, floats its scalar parameters, and body does one turn and may keep state
// that setup made. In the last turn the mask holds what is left of the row.
func masked(name, signature, doc string, pointers, floats []string, setup func(row), body func(row)) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
	r := row{map[string]Mem{}, map[string]reg.VecVirtual{}, K()}
	for _, p := range pointers {
		r.at[p] = Mem{Base: Load(Param(p), GP64())}
	}
	n := Load(Param("n"), GP64())
	for _, f := range floats {
		r.x[f] = everywhereOf(f)
	}
	if setup != nil {
		setup(r)
	}
	ones := GP32()
	MOVL(I32(-1), ones)
	KMOVW(ones, r.mask)
	Label(name + "Loop")
	CMPQ(n, Imm(width))
	JAE(LabelRef(name + "Body"))
	BZHIL(n.(reg.GPVirtual).As32(), ones, ones)
	KMOVW(ones, r.mask)
	Label(name + "Body")
	body(r)
	for _, p := range pointers {
		ADDQ(Imm(4*width), r.at[p].Base)
	}
	SUBQ(Imm(width), n)
	JHI(LabelRef(name + "Loop"))
}

// everywhere is a constant in all lanes.
func everywhere(name string, bits uint32) reg.VecVirtual {
	v := ZMM()
	VPBROADCASTD(scalar(name, bits), v)
	return v
}

// everywhereOf is a scalar parameter in all lanes.
func everywhereOf(parameter string) reg.VecVirtual {
	from, err := Param(parameter).Resolve()
	if err != nil {
		panic(err)
	}
	v := ZMM()
	VBROADCASTSS(from.Addr, v)
	return v
}

// rows512 writes the primitives of single rows.
func rows512() {
	masked("addAVX512", "func(dst, x *float32, n int)", "addAVX512 is Add.", []string{"dst", "x"}, nil, nil, func(r row) {
		v := r.in("dst")
		VADDPS(r.in("x"), v, v)
		r.out(v, "dst")
	})
	done()

	masked("addScaledAVX512", "func(dst, x *float32, n int, scale float32)", "addScaledAVX512 is AddScaled.",
		[]string{"dst", "x"}, []string{"scale"}, nil, func(r row) {
			v := r.in("x")
			VMULPS(r.x["scale"], v, v)
			VADDPS(r.in("dst"), v, v)
			r.out(v, "dst")
		})
	done()

	masked("scaleAVX512", "func(x *float32, n int, scale float32)", "scaleAVX512 is Scale.",
		[]string{"x"}, []string{"scale"}, nil, func(r row) {
			v := r.in("x")
			VMULPS(r.x["scale"], v, v)
			r.out(v, "x")
		})
	done()

	masked("turnAVX512", "func(low, high, cos, sin *float32, n int, sign float32)", "turnAVX512 is turnPortable.",
		[]string{"low", "high", "cos", "sin"}, []string{"sign"}, nil, func(r row) {
			s, c, a, b := r.in("sin"), r.in("cos"), r.in("low"), r.in("high")
			ac, bs := ZMM(), ZMM()
			VMULPS(r.x["sign"], s, s)
			VMULPS(c, a, ac)
			VMULPS(s, b, bs)
			VSUBPS(bs, ac, ac)
			r.out(ac, "low")
			VMULPS(c, b, b)
			VMULPS(s, a, a)
			VADDPS(a, b, b)
			r.out(b, "high")
		})
	done()
}

// reductions512 writes what adds numbers to sixteen lanes: one register holds them, and
// the mask keeps the lanes behind the row as they are.
func reductions512() {
	var sums reg.Register
	total := func() reg.VecVirtual {
		v := ZMM()
		sums = Load(Param("sums"), GP64())
		VMOVUPS(Mem{Base: sums}, v)
		return v
	}
	setup := func(r row) { r.x["sum"] = total() }
	finish := func(sum reg.VecVirtual) {
		VMOVUPS(sum, Mem{Base: sums})
		done()
	}
	var sum reg.VecVirtual

	masked("dotAVX512", "func(x, y *float32, n int, sums *[16]float32)", "dotAVX512 is dotPortable.",
		[]string{"x", "y"}, nil, setup, func(r row) {
			sum = r.x["sum"]
			v := r.in("x")
			VMULPS(r.in("y"), v, v)
			VADDPS(v, sum, r.mask, sum)
		})
	finish(sum)

	masked("expSumAVX512", "func(dst, x *float32, n int, shift float32, sums *[16]float32)", "expSumAVX512 is expSumPortable.",
		[]string{"dst", "x"}, []string{"shift"}, setup, func(r row) {
			sum = r.x["sum"]
			v := r.in("x")
			VSUBPS(r.x["shift"], v, v)
			p := exp512(v)
			r.out(p, "dst")
			VADDPS(p, sum, r.mask, sum)
		})
	finish(sum)
}

// maximum512 returns the largest of a row. VMAXPS gives its second source where the
// first is not a number, as the portable comparison does.
func maximum512() {
	var top reg.VecVirtual
	masked("maximumAVX512", "func(x *float32, n int, first float32) float32", "maximumAVX512 is the maximum of first and a row.",
		[]string{"x"}, []string{"first"}, nil, func(r row) {
			top = r.x["first"]
			VMAXPS(top, r.in("x"), r.mask, top)
		})
	high := highest(top)
	VZEROUPPER()
	Store(high, ReturnIndex(0))
	RET()
}

// highest is the largest of sixteen lanes, in the lowest.
func highest(v reg.VecVirtual) reg.VecVirtual {
	upper, high, t := YMM(), XMM(), XMM()
	VEXTRACTF32X8(Imm(1), v, upper)
	VMAXPS(upper, v.AsY(), upper)
	VEXTRACTF128(Imm(1), upper, high)
	VMAXPS(high, upper.AsX(), high)
	VPERMILPS(Imm(0b1110), high, t)
	VMAXPS(t, high, high)
	VPERMILPS(Imm(0b01), high, t)
	VMAXSS(t, high, high)
	return high
}

// swiglu512 writes act = gate·σ(gate)·up and σ(gate), and the gradients.
func swiglu512() {
	one := func(r row) { r.x["one"] = everywhere("one", oneBits) }
	masked("swigluAVX512", "func(act, sigmoid, gate, up *float32, n int)", "swigluAVX512 is swigluPortable.",
		[]string{"act", "sigmoid", "gate", "up"}, nil,
		func(r row) {
			one(r)
			r.x["sign"] = everywhere("signBit", 1<<31)
		},
		func(r row) {
			g, x := r.in("gate"), ZMM()
			VPXORD(r.x["sign"], g, x)
			s := exp512(x)
			VADDPS(r.x["one"], s, s)
			VDIVPS(s, r.x["one"], s)
			r.out(s, "sigmoid")
			VMULPS(s, g, g)
			VMULPS(r.in("up"), g, g)
			r.out(g, "act")
		})
	done()

	masked("swigluBackwardAVX512", "func(dgate, dup, dact, sigmoid, gate, up *float32, n int)", "swigluBackwardAVX512 is swigluBackwardPortable.",
		[]string{"dgate", "dup", "dact", "sigmoid", "gate", "up"}, nil, one, func(r row) {
			s, d, g, slope := r.in("sigmoid"), r.in("dact"), r.in("gate"), ZMM()
			VSUBPS(s, r.x["one"], slope)
			VMULPS(g, slope, slope)
			VADDPS(r.x["one"], slope, slope)
			VMULPS(s, slope, slope)
			VMULPS(s, g, g)
			VMULPS(d, g, g)
			VMULPS(r.in("up"), d, d)
			VMULPS(slope, d, d)
			r.out(d, "dgate")
			r.out(g, "dup")
		})
	done()
}
