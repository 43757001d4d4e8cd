package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

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
