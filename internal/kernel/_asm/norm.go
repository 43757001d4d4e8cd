package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blocked is rows of blocks of sixteen numbers.
type blocked struct {
	blocks, bytes, rows reg.GPVirtual // of a row; rows that are left
}

func newBlocked() blocked {
	b := blocked{GP64(), GP64(), GP64()}
	Load(Param("blocks"), b.blocks)
	Load(Param("rows"), b.rows)
	MOVQ(b.blocks, b.bytes)
	SHLQ(Imm(6), b.bytes)
	return b
}

// across walks one row by eights: body does each half of every block.
func (b blocked) across(label string, body func(at reg.Register, half int)) {
	at := GP64()
	XORQ(at, at)
	Label(label)
	body(at, 0)
	body(at, 1)
	ADDQ(Imm(4*width), at)
	CMPQ(at, b.bytes)
	JNE(LabelRef(label))
}

// halfOf addresses one half of the block at a place of a row.
func halfOf(row, at reg.Register, half int) Mem {
	return Mem{Base: row, Index: at, Scale: 1, Disp: 4 * lanes * half}
}

// totalOf adds sixteen lanes by the tree of sumLanes, to the lowest lane.
func totalOf(low, high reg.VecVirtual) reg.VecVirtual {
	half, t := XMM(), XMM()
	VADDPS(high, low, low)
	VEXTRACTF128(Imm(1), low, half)
	VADDPS(half, low.AsX(), half)
	VPERMILPS(Imm(0b1110), half, t)
	VADDPS(t, half, half)
	VPERMILPS(Imm(0b01), half, t)
	VADDSS(t, half, half)
	return half
}

// zeros are two registers of lanes.
func zeros() [2]reg.VecVirtual {
	sums := [2]reg.VecVirtual{YMM(), YMM()}
	for _, v := range sums {
		VXORPS(v, v, v)
	}
	return sums
}

// factors turn sums of squares of n numbers into 1/√(mean + eps), in float64 but for the
// ends.
type factors struct{ count, eps, one reg.Register }

func newFactors(n reg.Register) factors {
	f := factors{XMM(), Load(Param("eps"), XMM()), XMM()}
	VXORPS(f.count, f.count, f.count)
	VCVTSI2SDQ(n, f.count, f.count)
	VMOVSD(ConstData("oneDouble", F64(1)), f.one)
	return f
}

// of stores a row's factor and spreads it over all lanes.
func (f factors) of(squares reg.VecVirtual, rstd Mem, factor reg.VecVirtual) {
	wide := XMM()
	VCVTSS2SD(squares.AsX(), squares.AsX(), wide)
	VDIVSD(f.count, wide, wide)
	VADDSD(f.eps, wide, wide)
	VSQRTSD(wide, wide, wide)
	VDIVSD(wide, f.one, wide)
	VCVTSD2SS(wide, wide, wide)
	VMOVSS(wide, rstd)
	VBROADCASTSS(wide, factor)
}

// norms writes RMSNorm and its gradients over rows: see norm512.
func norms() {
	normRows()
	normBackwardRows()
	normWeightRows()
}

func normRows() {
	const name = "normRowsAVX2"
	TEXT(name, NOSPLIT, "func(y, x, w, rstd *float32, blocks, rows int, eps float64)")
	Doc(name + " is normRow for each of some rows of blocks of sixteen.")
	Pragma("noescape")
	y, x, w, rstd := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("w"), GP64()), Load(Param("rstd"), GP64())
	b := newBlocked()
	n := GP64()
	MOVQ(b.blocks, n)
	SHLQ(Imm(4), n)
	f := newFactors(n)

	Label(name + "Row")
	sums, factor := zeros(), YMM()
	b.across(name+"Sum", func(at reg.Register, half int) {
		v := load(halfOf(x, at, half))
		VMULPS(v, v, v)
		VADDPS(v, sums[half], sums[half])
	})
	f.of(totalOf(sums[0], sums[1]), Mem{Base: rstd}, factor)
	b.across(name+"Scale", func(at reg.Register, half int) {
		v := load(halfOf(x, at, half))
		VMULPS(factor, v, v)
		VMULPS(halfOf(w, at, half), v, v)
		VMOVUPS(v, halfOf(y, at, half))
	})
	ADDQ(b.bytes, x)
	ADDQ(b.bytes, y)
	ADDQ(Imm(4), rstd)
	DECQ(b.rows)
	JNZ(LabelRef(name + "Row"))
	done()
}

func normBackwardRows() {
	const name = "normBackwardRowsAVX2"
	TEXT(name, NOSPLIT, "func(dx, dy, x, w, rstd *float32, blocks, rows int)")
	Doc(name + " is normBackwardRow for each of some rows of blocks of sixteen.")
	Pragma("noescape")
	dx, dy, x, w, rstd := Load(Param("dx"), GP64()), Load(Param("dy"), GP64()), Load(Param("x"), GP64()), Load(Param("w"), GP64()), Load(Param("rstd"), GP64())
	b := newBlocked()
	n := GP64()
	MOVQ(b.blocks, n)
	SHLQ(Imm(4), n)
	count := XMM()
	VXORPS(count, count, count)
	VCVTSI2SSQ(n, count, count)

	Label(name + "Row")
	sums, factor, s, square := zeros(), YMM(), YMM(), XMM()
	b.across(name+"Sum", func(at reg.Register, half int) {
		v := load(halfOf(w, at, half))
		VMULPS(halfOf(dy, at, half), v, v)
		VMULPS(halfOf(x, at, half), v, v)
		VADDPS(v, sums[half], sums[half])
	})
	mean := totalOf(sums[0], sums[1]).AsX()
	VBROADCASTSS(Mem{Base: rstd}, factor)
	VDIVSS(count, mean, mean)
	VMULSS(factor.AsX(), factor.AsX(), square)
	VMULSS(square, mean, mean)
	VBROADCASTSS(mean, s)
	b.across(name+"Add", func(at reg.Register, half int) {
		v, t := load(halfOf(w, at, half)), YMM()
		VMULPS(halfOf(dy, at, half), v, v)
		VMULPS(halfOf(x, at, half), s, t)
		VSUBPS(t, v, v)
		VMULPS(factor, v, v)
		VADDPS(halfOf(dx, at, half), v, v)
		VMOVUPS(v, halfOf(dx, at, half))
	})
	for _, row := range []reg.Register{dx, dy, x} {
		ADDQ(b.bytes, row)
	}
	ADDQ(Imm(4), rstd)
	DECQ(b.rows)
	JNZ(LabelRef(name + "Row"))
	done()
}

// normWeightRows takes sixteen weights through all rows at a time.
func normWeightRows() {
	const name = "normWeightRowsAVX2"
	TEXT(name, NOSPLIT, "func(dw, dy, x, rstd *float32, blocks, rows int)")
	Doc(name + " is normWeightPortable for each of some rows of blocks of sixteen.")
	Pragma("noescape")
	dw, dy, x := Load(Param("dw"), GP64()), Load(Param("dy"), GP64()), Load(Param("x"), GP64())
	b := newBlocked()
	Label(name + "Block")
	low, high := load(Mem{Base: dw}), load(Mem{Base: dw, Disp: 4 * lanes})
	fromDy, fromX, factor, left, rstd := GP64(), GP64(), GP64(), GP64(), YMM()
	MOVQ(dy, fromDy)
	MOVQ(x, fromX)
	Load(Param("rstd"), factor)
	MOVQ(b.rows, left)
	Label(name + "Row")
	VBROADCASTSS(Mem{Base: factor}, rstd)
	for half, sum := range []reg.VecVirtual{low, high} {
		v := YMM()
		VMULPS(Mem{Base: fromX, Disp: 4 * lanes * half}, rstd, v)
		VMULPS(Mem{Base: fromDy, Disp: 4 * lanes * half}, v, v)
		VADDPS(v, sum, sum)
	}
	ADDQ(b.bytes, fromDy)
	ADDQ(b.bytes, fromX)
	ADDQ(Imm(4), factor)
	DECQ(left)
	JNZ(LabelRef(name + "Row"))
	VMOVUPS(low, Mem{Base: dw})
	VMOVUPS(high, Mem{Base: dw, Disp: 4 * lanes})
	for _, column := range []reg.Register{dw, dy, x} {
		ADDQ(Imm(4*width), column)
	}
	DECQ(b.blocks)
	JNZ(LabelRef(name + "Block"))
	done()
}
