package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// each writes a function over blocks of eight: pointers lists its slices, floats its
// scalar parameters (broadcast), and body does one block and may keep state that setup
// made.
func each(name, signature, doc string, pointers, floats []string, setup func(map[string]reg.VecVirtual), body func(at map[string]Mem, x map[string]reg.VecVirtual)) {
	TEXT(name, NOSPLIT, signature)
	Doc(doc)
	Pragma("noescape")
	bases := make([]reg.Register, len(pointers))
	at := map[string]Mem{}
	for i, p := range pointers {
		bases[i] = Load(Param(p), GP64())
		at[p] = Mem{Base: bases[i]}
	}
	blocks := Load(Param("blocks"), GP64())
	x := map[string]reg.VecVirtual{}
	for _, f := range floats {
		from, err := Param(f).Resolve()
		if err != nil {
			panic(err)
		}
		x[f] = YMM()
		VBROADCASTSS(from.Addr, x[f])
	}
	if setup != nil {
		setup(x)
	}
	Label(name + "Loop")
	body(at, x)
	for _, base := range bases {
		ADDQ(Imm(4*lanes), base)
	}
	DECQ(blocks)
	JNZ(LabelRef(name + "Loop"))
}

// done ends a function that returns nothing.
func done() {
	VZEROUPPER()
	RET()
}

func load(from Mem) reg.VecVirtual {
	v := YMM()
	VMOVUPS(from, v)
	return v
}

// rows writes the primitives of single rows.
func rows() {
	each("addAVX2", "func(dst, x *float32, blocks int)", "addAVX2 is Add for blocks of eight.",
		[]string{"dst", "x"}, nil, nil, func(at map[string]Mem, _ map[string]reg.VecVirtual) {
			v := load(at["dst"])
			VADDPS(at["x"], v, v)
			VMOVUPS(v, at["dst"])
		})
	done()

	each("addScaledAVX2", "func(dst, x *float32, blocks int, scale float32)", "addScaledAVX2 is AddScaled for blocks of eight.",
		[]string{"dst", "x"}, []string{"scale"}, nil, func(at map[string]Mem, x map[string]reg.VecVirtual) {
			v := YMM()
			VMULPS(at["x"], x["scale"], v)
			VADDPS(at["dst"], v, v)
			VMOVUPS(v, at["dst"])
		})
	done()

	each("scaleAVX2", "func(x *float32, blocks int, scale float32)", "scaleAVX2 is Scale for blocks of eight.",
		[]string{"x"}, []string{"scale"}, nil, func(at map[string]Mem, x map[string]reg.VecVirtual) {
			v := YMM()
			VMULPS(at["x"], x["scale"], v)
			VMOVUPS(v, at["x"])
		})
	done()

	maximum()

	each("swigluBackwardAVX2", "func(dgate, dup, dact, sigmoid, gate, up *float32, blocks int)", "swigluBackwardAVX2 is swigluBackwardPortable for blocks of eight.",
		[]string{"dgate", "dup", "dact", "sigmoid", "gate", "up"}, nil,
		func(x map[string]reg.VecVirtual) { x["one"] = constant("one", 1) },
		func(at map[string]Mem, x map[string]reg.VecVirtual) {
			s, d, g, slope := load(at["sigmoid"]), load(at["dact"]), load(at["gate"]), YMM()
			VSUBPS(s, x["one"], slope)
			VMULPS(g, slope, slope)
			VADDPS(x["one"], slope, slope)
			VMULPS(s, slope, slope)
			VMULPS(s, g, g)
			VMULPS(d, g, g)
			VMULPS(at["up"], d, d)
			VMULPS(slope, d, d)
			VMOVUPS(d, at["dgate"])
			VMOVUPS(g, at["dup"])
		})
	done()

	each("turnAVX2", "func(low, high, cos, sin *float32, blocks int, sign float32)", "turnAVX2 is turnPortable for blocks of eight.",
		[]string{"low", "high", "cos", "sin"}, []string{"sign"}, nil, func(at map[string]Mem, x map[string]reg.VecVirtual) {
			s, c, a, b := YMM(), load(at["cos"]), load(at["low"]), load(at["high"])
			ac, bs := YMM(), YMM()
			VMULPS(at["sin"], x["sign"], s)
			VMULPS(c, a, ac)
			VMULPS(s, b, bs)
			VSUBPS(bs, ac, ac)
			VMOVUPS(ac, at["low"])
			VMULPS(c, b, b)
			VMULPS(s, a, a)
			VADDPS(a, b, b)
			VMOVUPS(b, at["high"])
		})
	done()
}

// maximum returns the largest of blocks of eight. VMAXPS gives its second source where
// the first is not a number, as the portable comparison does.
func maximum() {
	var top reg.VecVirtual
	each("maximumAVX2", "func(x *float32, blocks int, first float32) float32", "maximumAVX2 is the maximum of first and blocks of eight.",
		[]string{"x"}, []string{"first"}, func(x map[string]reg.VecVirtual) { top = x["first"] },
		func(at map[string]Mem, _ map[string]reg.VecVirtual) {
			v := load(at["x"])
			VMAXPS(top, v, top)
		})
	half, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), top, half)
	VMAXPS(half, top.AsX(), half)
	VPERMILPS(Imm(0b1110), half, t)
	VMAXPS(t, half, half)
	VPERMILPS(Imm(0b01), half, t)
	VMAXSS(t, half, half)
	VZEROUPPER()
	Store(half, ReturnIndex(0))
	RET()
}

// dot adds the rounded products of blocks of sixteen to their lanes.
func dot() {
	TEXT("dotAVX2", NOSPLIT, "func(x, y *float32, blocks int, sums *[16]float32)")
	Doc("dotAVX2 is dotPortable for blocks of sixteen.")
	Pragma("noescape")
	x, y, blocks := Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("blocks"), GP64())
	sums := Load(Param("sums"), GP64())
	low, high, a, b := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: sums}, low)
	VMOVUPS(Mem{Base: sums, Disp: 4 * lanes}, high)
	Label("dotLoop")
	VMOVUPS(Mem{Base: x}, a)
	VMULPS(Mem{Base: y}, a, a)
	VADDPS(a, low, low)
	VMOVUPS(Mem{Base: x, Disp: 4 * lanes}, b)
	VMULPS(Mem{Base: y, Disp: 4 * lanes}, b, b)
	VADDPS(b, high, high)
	ADDQ(Imm(4*width), x)
	ADDQ(Imm(4*width), y)
	DECQ(blocks)
	JNZ(LabelRef("dotLoop"))
	VMOVUPS(low, Mem{Base: sums})
	VMOVUPS(high, Mem{Base: sums, Disp: 4 * lanes})
	VZEROUPPER()
	RET()
}
