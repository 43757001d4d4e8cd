package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// matrix is rows of some width, walked sixteen numbers at a time: the last ones of a row
// under a mask.
type matrix struct {
	whole, tail reg.GPVirtual // bytes of a row in whole vectors; numbers behind them
	bytes, rows reg.GPVirtual // of a row; rows that are left
	mask        reg.OpmaskVirtual
}

func newMatrix() matrix {
	m := matrix{GP64(), GP64(), GP64(), GP64(), K()}
	Load(Param("width"), m.bytes)
	Load(Param("rows"), m.rows)
	MOVQ(m.bytes, m.tail)
	ANDQ(Imm(width-1), m.tail)
	MOVQ(m.bytes, m.whole)
	ANDQ(I32(-width), m.whole)
	SHLQ(Imm(2), m.whole)
	SHLQ(Imm(2), m.bytes)
	m.cover()
	return m
}

// cover makes the mask of the tail.
func (m matrix) cover() {
	ones := GP32()
	MOVL(I32(-1), ones)
	BZHIL(m.tail.As32(), ones, ones)
	KMOVW(ones, m.mask)
}

// sixteen numbers of a row, or those that are left.
type sixteen struct {
	at   reg.GPVirtual
	mask *reg.OpmaskVirtual
}

// in loads the numbers of a row; behind the row they are zero and nothing is read.
func (n sixteen) in(row reg.Register) reg.VecVirtual {
	v, from := ZMM(), Mem{Base: row, Index: n.at, Scale: 1}
	if n.mask == nil {
		VMOVUPS(from, v)
	} else {
		VMOVUPS_Z(from, *n.mask, v)
	}
	return v
}

func (n sixteen) out(v reg.VecVirtual, row reg.Register) {
	to := Mem{Base: row, Index: n.at, Scale: 1}
	if n.mask == nil {
		VMOVUPS(v, to)
	} else {
		VMOVUPS(v, *n.mask, to)
	}
}

// across walks one row.
func (m matrix) across(label string, body func(sixteen)) {
	at := GP64()
	XORQ(at, at)
	Label(label)
	CMPQ(at, m.whole)
	JE(LabelRef(label + "Tail"))
	body(sixteen{at, nil})
	ADDQ(Imm(4*width), at)
	JMP(LabelRef(label))
	Label(label + "Tail")
	TESTQ(m.tail, m.tail)
	JZ(LabelRef(label + "End"))
	body(sixteen{at, &m.mask})
	Label(label + "End")
}

// total adds sixteen lanes by the tree of sumLanes, to the lowest lane.
func total(v reg.VecVirtual) reg.VecVirtual {
	upper, high, t := YMM(), XMM(), XMM()
	VEXTRACTF32X8(Imm(1), v, upper)
	VADDPS(upper, v.AsY(), upper)
	VEXTRACTF128(Imm(1), upper, high)
	VADDPS(high, upper.AsX(), high)
	VPERMILPS(Imm(0b1110), high, t)
	VADDPS(t, high, high)
	VPERMILPS(Imm(0b01), high, t)
	VADDSS(t, high, high)
	return high
}

// norm512 writes RMSNorm and its gradients over rows: their sums, the factors and what
// they multiply overlap from row to row.
func norm512() {
	normRows512()
	normBackwardRows512()
	normWeightRows512()
}

func normRows512() {
	const name = "normRowsAVX512"
	TEXT(name, NOSPLIT, "func(y, x, w, rstd *float32, width, rows int, eps float64)")
	Doc(name + " is normRow for each of some rows.")
	Pragma("noescape")
	y, x, w, rstd := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("w"), GP64()), Load(Param("rstd"), GP64())
	m := newMatrix()
	f := newFactors(Load(Param("width"), GP64()))

	Label(name + "Row")
	sum, factor := ZMM(), ZMM()
	VXORPS(sum, sum, sum)
	m.across(name+"Sum", func(n sixteen) {
		v := n.in(x)
		VMULPS(v, v, v)
		VADDPS(v, sum, sum)
	})
	f.of(total(sum), Mem{Base: rstd}, factor)
	m.across(name+"Scale", func(n sixteen) {
		v := n.in(x)
		VMULPS(factor, v, v)
		VMULPS(n.in(w), v, v)
		n.out(v, y)
	})
	ADDQ(m.bytes, x)
	ADDQ(m.bytes, y)
	ADDQ(Imm(4), rstd)
	DECQ(m.rows)
	JNZ(LabelRef(name + "Row"))
	done()
}

func normBackwardRows512() {
	const name = "normBackwardRowsAVX512"
	TEXT(name, NOSPLIT, "func(dx, dy, x, w, rstd *float32, width, rows int)")
	Doc(name + " is normBackwardRow for each of some rows.")
	Pragma("noescape")
	dx, dy, x, w, rstd := Load(Param("dx"), GP64()), Load(Param("dy"), GP64()), Load(Param("x"), GP64()), Load(Param("w"), GP64()), Load(Param("rstd"), GP64())
	m := newMatrix()
	count := XMM()
	VXORPS(count, count, count)
	n := Load(Param("width"), GP64())
	VCVTSI2SSQ(n, count, count)

	Label(name + "Row")
	sum, factor, s := ZMM(), ZMM(), ZMM()
	VXORPS(sum, sum, sum)
	m.across(name+"Sum", func(n sixteen) {
		v := n.in(w)
		VMULPS(n.in(dy), v, v)
		VMULPS(n.in(x), v, v)
		VADDPS(v, sum, sum)
	})
	mean, square := total(sum), XMM()
	VBROADCASTSS(Mem{Base: rstd}, factor)
	VDIVSS(count, mean.AsX(), mean.AsX())
	VMULSS(factor.AsX(), factor.AsX(), square)
	VMULSS(square, mean.AsX(), mean.AsX())
	VBROADCASTSS(mean.AsX(), s)
	m.across(name+"Add", func(n sixteen) {
		v, t := n.in(w), n.in(x)
		VMULPS(n.in(dy), v, v)
		VMULPS(s, t, t)
		VSUBPS(t, v, v)
		VMULPS(factor, v, v)
		VADDPS(n.in(dx), v, v)
		n.out(v, dx)
	})
	for _, row := range []reg.Register{dx, dy, x} {
		ADDQ(m.bytes, row)
	}
	ADDQ(Imm(4), rstd)
	DECQ(m.rows)
	JNZ(LabelRef(name + "Row"))
	done()
}

// normWeightRows512 takes sixteen weights through all rows at a time.
func normWeightRows512() {
	const name = "normWeightRowsAVX512"
	TEXT(name, NOSPLIT, "func(dw, dy, x, rstd *float32, width, rows int)")
	Doc(name + " is normWeightPortable for each of some rows.")
	Pragma("noescape")
	dw, dy, x := Load(Param("dw"), GP64()), Load(Param("dy"), GP64()), Load(Param("x"), GP64())
	m := newMatrix()
	down := 0
	m.across(name, func(n sixteen) {
		label := name + []string{"Down", "DownTail"}[down]
		down++
		sum := n.in(dw)
		fromDy, fromX, factor, left := GP64(), GP64(), GP64(), GP64()
		MOVQ(dy, fromDy)
		MOVQ(x, fromX)
		Load(Param("rstd"), factor)
		MOVQ(m.rows, left)
		Label(label)
		v := n.in(fromX)
		VMULPS_BCST(Mem{Base: factor}, v, v)
		VMULPS(n.in(fromDy), v, v)
		VADDPS(v, sum, sum)
		ADDQ(m.bytes, fromDy)
		ADDQ(m.bytes, fromX)
		ADDQ(Imm(4), factor)
		DECQ(left)
		JNZ(LabelRef(label))
		n.out(sum, dw)
	})
	done()
}
