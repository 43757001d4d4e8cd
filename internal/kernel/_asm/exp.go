package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// constant broadcasts a float32 from read-only memory.
func constant(name string, x float32) reg.VecVirtual {
	return broadcast(name, math.Float32bits(x))
}

func broadcast(name string, bits uint32) reg.VecVirtual {
	v := YMM()
	VBROADCASTSS(scalar(name, bits), v)
	return v
}

// scalar is a constant in read-only memory.
func scalar(name string, bits uint32) Mem {
	m, ok := scalars[name]
	if !ok {
		m = ConstData(name, U32(bits))
		scalars[name] = m
	}
	return m
}

var scalars = map[string]Mem{}

// exponential holds what Exp needs in registers; polynomial coefficients are read
// from memory, eight copies each.
type exponential struct {
	log2e, round, ln2high, ln2low, one reg.VecVirtual
}

func newExponential() exponential {
	return exponential{
		log2e:   constant("log2e", 1.44269504088896341),
		round:   constant("round", 12582912),
		ln2high: constant("ln2high", 0.693359375),
		ln2low:  constant("ln2low", -2.12194440e-4),
		one:     constant("one", 1),
	}
}

// eight copies a constant over a vector's width in read-only memory.
func eight(name string, x float32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range lanes {
		DATA(4*i, U32(math.Float32bits(x)))
	}
	return m
}

// coefficients of Exp's polynomial, the highest power's first.
var coefficients = []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

var horner, limits []Mem

func expConstants() {
	for i, c := range coefficients {
		horner = append(horner, eight("horner"+string(rune('0'+i)), c))
	}
	limits = []Mem{eight("expLow", -87.33654), eight("expHigh", 88.72283), eight("infinity", float32(math.Inf(1)))}
}

// of computes Exp of eight numbers: the operations of the portable function, in its
// order, none fused; then the two ends of the range.
func (e exponential) of(x reg.VecVirtual) reg.VecVirtual {
	n, r, t, p := YMM(), YMM(), YMM(), YMM()
	VMULPS(e.log2e, x, n)
	VADDPS(e.round, n, n)
	VSUBPS(e.round, n, n)
	VMULPS(e.ln2high, n, t)
	VSUBPS(t, x, r)
	VMULPS(e.ln2low, n, t)
	VSUBPS(t, r, r)
	VMOVUPS(horner[0], p)
	for _, c := range horner[1:] {
		VMULPS(r, p, p)
		VADDPS(c, p, p)
	}
	VMULPS(r, r, t)
	VMULPS(t, p, p)
	VADDPS(r, p, p)
	VADDPS(e.one, p, p)

	// 2ⁿ in two halves, since 2¹²⁸ is not a float32; 127 << 23 is the bits of one.
	VCVTPS2DQ(n, n)
	VPSRAD(U8(1), n, t)
	VPSUBD(t, n, n)
	for _, half := range []reg.VecVirtual{t, n} {
		VPSLLD(U8(23), half, half)
		VPADDD(e.one, half, half)
		VMULPS(half, p, p)
	}

	VCMPPS(U8(1), limits[0], x, t) // x < low
	VANDNPS(p, t, p)
	VCMPPS(U8(14), limits[1], x, t) // x > high
	VBLENDVPS(t, limits[2], p, p)
	VCMPPS(U8(3), x, x, t) // NaN
	VBLENDVPS(t, x, p, p)
	return p
}

// expSum writes Exp(x − shift) for blocks of sixteen and adds each to its lane.
func expSum() {
	TEXT("expSumAVX2", NOSPLIT, "func(dst, x *float32, blocks int, shift float32, sums *[16]float32)")
	Doc("expSumAVX2 is expSumPortable for blocks of sixteen.")
	Pragma("noescape")
	dst, x, blocks := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("blocks"), GP64())
	sums := Load(Param("sums"), GP64())
	shiftAt, err := Param("shift").Resolve()
	if err != nil {
		panic(err)
	}
	shift := YMM()
	VBROADCASTSS(shiftAt.Addr, shift)
	low, high := YMM(), YMM()
	VMOVUPS(Mem{Base: sums}, low)
	VMOVUPS(Mem{Base: sums, Disp: 4 * lanes}, high)
	e := newExponential()
	Label("expLoop")
	for i, sum := range []reg.VecVirtual{low, high} {
		v := YMM()
		VMOVUPS(Mem{Base: x, Disp: 4 * lanes * i}, v)
		VSUBPS(shift, v, v)
		p := e.of(v)
		VMOVUPS(p, Mem{Base: dst, Disp: 4 * lanes * i})
		VADDPS(p, sum, sum)
	}
	ADDQ(Imm(4*width), x)
	ADDQ(Imm(4*width), dst)
	DECQ(blocks)
	JNZ(LabelRef("expLoop"))
	VMOVUPS(low, Mem{Base: sums})
	VMOVUPS(high, Mem{Base: sums, Disp: 4 * lanes})
	VZEROUPPER()
	RET()
}

// swiglu writes blocks of eight of act = gate·σ(gate)·up, and σ(gate).
func swiglu() {
	TEXT("swigluAVX2", NOSPLIT, "func(act, sigmoid, gate, up *float32, blocks int)")
	Doc("swigluAVX2 is swigluPortable for blocks of eight.")
	Pragma("noescape")
	act, sigmoid := Load(Param("act"), GP64()), Load(Param("sigmoid"), GP64())
	gate, up := Load(Param("gate"), GP64()), Load(Param("up"), GP64())
	blocks := Load(Param("blocks"), GP64())
	e := newExponential()
	sign := broadcast("signBit", 1<<31)
	Label("swigluLoop")
	g, x := YMM(), YMM()
	VMOVUPS(Mem{Base: gate}, g)
	VXORPS(sign, g, x)
	s := e.of(x)
	VADDPS(e.one, s, s)
	VDIVPS(s, e.one, s)
	VMOVUPS(s, Mem{Base: sigmoid})
	VMULPS(s, g, g)
	VMULPS(Mem{Base: up}, g, g)
	VMOVUPS(g, Mem{Base: act})
	for _, p := range []reg.Register{act, sigmoid, gate, up} {
		ADDQ(Imm(4*lanes), p)
	}
	DECQ(blocks)
	JNZ(LabelRef("swigluLoop"))
	VZEROUPPER()
	RET()
}
