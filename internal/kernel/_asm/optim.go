package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// adamW writes the update of four parameters at a time in float64, in the order of
// operations of its portable twin.
func adamW() {
	TEXT("adamWAVX2", NOSPLIT, "func(p, grad, m, v *float32, blocks int, c *[9]float64)")
	Doc("adamWAVX2 is adamConstants.update for blocks of four.")
	Pragma("noescape")
	at := map[string]reg.Register{}
	for _, name := range []string{"p", "grad", "m", "v"} {
		at[name] = Load(Param(name), GP64())
	}
	blocks := Load(Param("blocks"), GP64())
	c := Load(Param("c"), GP64())
	var constants [9]reg.VecVirtual
	for i := range constants {
		constants[i] = YMM()
		VBROADCASTSD(Mem{Base: c, Disp: 8 * i}, constants[i])
	}
	scale, beta1, rest1, beta2, rest2, step, root, epsilon, keep := constants[0], constants[1], constants[2],
		constants[3], constants[4], constants[5], constants[6], constants[7], constants[8]
	wide := func(name string) reg.VecVirtual {
		v := YMM()
		VCVTPS2PD(Mem{Base: at[name]}, v)
		return v
	}
	store := func(v reg.VecVirtual, name string) {
		x := XMM()
		VCVTPD2PSY(v, x)
		VMOVUPS(x, Mem{Base: at[name]})
	}
	Label("adamWLoop")
	grad, square, first, second := wide("grad"), YMM(), wide("m"), wide("v")
	VMULPD(scale, grad, grad)
	VMULPD(grad, grad, square)
	VMULPD(beta1, first, first)
	VMULPD(rest1, grad, grad)
	VADDPD(grad, first, first)
	VMULPD(beta2, second, second)
	VMULPD(rest2, square, square)
	VADDPD(square, second, second)
	store(first, "m")
	store(second, "v")
	VSQRTPD(second, second)
	VDIVPD(root, second, second)
	VADDPD(epsilon, second, second)
	VDIVPD(second, first, first)
	VMULPD(step, first, first)
	p := wide("p")
	VMULPD(keep, p, p)
	VSUBPD(first, p, p)
	store(p, "p")
	for _, name := range []string{"p", "grad", "m", "v"} {
		ADDQ(Imm(16), at[name])
	}
	DECQ(blocks)
	JNZ(LabelRef("adamWLoop"))
	done()
}

// sumSquares adds the squares of eight numbers at a time to eight lanes of float64.
func sumSquares() {
	TEXT("sumSquaresAVX2", NOSPLIT, "func(x *float32, blocks int, sums *[8]float64)")
	Doc("sumSquaresAVX2 adds the squares of blocks of eight to their lanes.")
	Pragma("noescape")
	x, blocks, sums := Load(Param("x"), GP64()), Load(Param("blocks"), GP64()), Load(Param("sums"), GP64())
	lanes := []reg.VecVirtual{load(Mem{Base: sums}), load(Mem{Base: sums, Disp: 32})}
	Label("sumSquaresLoop")
	for i, sum := range lanes {
		v := YMM()
		VCVTPS2PD(Mem{Base: x, Disp: 16 * i}, v)
		VMULPD(v, v, v)
		VADDPD(v, sum, sum)
	}
	ADDQ(Imm(32), x)
	DECQ(blocks)
	JNZ(LabelRef("sumSquaresLoop"))
	for i, sum := range lanes {
		VMOVUPD(sum, Mem{Base: sums, Disp: 32 * i})
	}
	done()
}
