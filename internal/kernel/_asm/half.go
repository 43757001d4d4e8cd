package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rounder rounds float32 to bfloat16 in their upper halves.
type rounder struct{ one, bias, quiet, high reg.VecVirtual }

func newRounder() rounder {
	return rounder{broadcast("lastBit", 1), broadcast("halfBias", 0x7fff), broadcast("quiet", 0x00400000), broadcast("high", 0xffff0000)}
}

// of is roundHalf; the lower halves are not cleared. What is not a number becomes a
// quiet one: its payload alone would not survive.
func (r rounder) of(x reg.VecVirtual) reg.VecVirtual {
	y, nan, quiet := YMM(), YMM(), YMM()
	VPSRLD(Imm(16), x, y)
	VPAND(r.one, y, y)
	VPADDD(r.bias, y, y)
	VPADDD(x, y, y)
	VPOR(r.quiet, x, quiet)
	VCMPPS(Imm(3), x, x, nan)
	VBLENDVPS(nan, quiet, y, y)
	return y
}

// half writes the primitives of bfloat16.
func half() {
	var r rounder
	each("roundHalfAVX2", "func(dst, x *float32, blocks int)", "roundHalfAVX2 is RoundHalf for blocks of eight.",
		[]string{"dst", "x"}, nil, func(map[string]reg.VecVirtual) { r = newRounder() },
		func(at map[string]Mem, _ map[string]reg.VecVirtual) {
			v := r.of(load(at["x"]))
			VPAND(r.high, v, v)
			VMOVUPS(v, at["dst"])
		})
	done()

	TEXT("halveAVX2", NOSPLIT, "func(dst *uint32, src *float32, blocks, pairs int)")
	Doc("halveAVX2 is halvePortable for pairs of rows of 8·blocks numbers.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	pairs, row, left := Load(Param("pairs"), GP64()), Load(Param("blocks"), GP64()), GP64()
	SHLQ(Imm(5), row)
	r = newRounder()
	Label("halvePair")
	Load(Param("blocks"), left)
	Label("halveLoop")
	high := r.of(load(Mem{Base: src}))
	low := r.of(load(Mem{Base: src, Index: row, Scale: 1}))
	VPSRLD(Imm(16), low, low)
	VPAND(r.high, high, high)
	VPOR(low, high, high)
	VMOVUPS(high, Mem{Base: dst})
	ADDQ(Imm(4*lanes), src)
	ADDQ(Imm(4*lanes), dst)
	DECQ(left)
	JNZ(LabelRef("halveLoop"))
	ADDQ(row, src)
	DECQ(pairs)
	JNZ(LabelRef("halvePair"))
	done()
}
