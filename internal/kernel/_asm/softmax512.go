package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// softmax512 writes the softmax of rows of scores and its gradient.
func softmax512() {
	softmaxRows512()
	softmaxBackwardRows512()
}

// triangle is rows that are seen further and further: the first `seen` numbers of the
// first row, `more` of each after it. What is not seen becomes zero.
type triangle struct {
	matrix
	seen, more, stride, wide reg.GPVirtual
}

func newTriangle() triangle {
	t := triangle{matrix{GP64(), GP64(), nil, GP64(), K()}, GP64(), GP64(), bytes("stride"), bytes("wide")}
	Load(Param("rows"), t.rows)
	Load(Param("seen"), t.seen)
	Load(Param("more"), t.more)
	return t
}

// begin counts what is seen of a row.
func (t triangle) begin() {
	MOVQ(t.seen, t.tail)
	ANDQ(Imm(width-1), t.tail)
	MOVQ(t.seen, t.whole)
	SUBQ(t.tail, t.whole)
	SHLQ(Imm(2), t.whole)
	t.cover()
}

// finish writes zeros behind what is seen and goes on to the next row.
func (t triangle) finish(label string, row reg.Register, others ...reg.Register) {
	at, zero := GP64(), ZMM()
	MOVQ(t.whole, at)
	VXORPS(zero, zero, zero)
	TESTQ(t.tail, t.tail)
	JZ(LabelRef(label + "Clear"))
	last := ZMM() // the numbers of the tail, and zeros behind them
	VMOVUPS_Z(Mem{Base: row, Index: at, Scale: 1}, t.mask, last)
	VMOVUPS(last, Mem{Base: row, Index: at, Scale: 1})
	ADDQ(Imm(4*width), at)
	Label(label + "Clear")
	CMPQ(at, t.wide)
	JGE(LabelRef(label + "Cleared"))
	VMOVUPS(zero, Mem{Base: row, Index: at, Scale: 1})
	ADDQ(Imm(4*width), at)
	JMP(LabelRef(label + "Clear"))
	Label(label + "Cleared")
	for _, r := range append(others, row) {
		ADDQ(t.stride, r)
	}
	ADDQ(t.more, t.seen)
	DECQ(t.rows)
	JNZ(LabelRef(label))
}

func softmaxRows512() {
	const name = "softmaxRowsAVX512"
	TEXT(name, NOSPLIT, "func(x *float32, stride, rows, seen, more, wide int, scale float32)")
	Doc(name + " is Causal.Softmax.")
	Pragma("noescape")
	x := Load(Param("x"), GP64())
	t := newTriangle()
	scale, top := everywhereOf("scale"), ZMM()

	Label(name)
	t.begin()
	VBROADCASTSS(Mem{Base: x}, top)
	VMULPS(scale, top, top)
	t.across(name+"Scale", func(n sixteen) {
		v := n.in(x)
		VMULPS(scale, v, v)
		n.out(v, x)
		if n.mask == nil {
			VMAXPS(top, v, top)
		} else {
			VMAXPS(top, v, *n.mask, top)
		}
	})
	largest := highest(top)
	VBROADCASTSS(largest, top)
	sum := ZMM()
	VXORPS(sum, sum, sum)
	t.across(name+"Exp", func(n sixteen) {
		v := n.in(x)
		VSUBPS(top, v, v)
		p := exp512(v)
		n.out(p, x)
		if n.mask == nil {
			VADDPS(p, sum, sum)
		} else {
			VADDPS(p, sum, *n.mask, sum)
		}
	})
	whole, one := total(sum), XMM()
	VMOVSS(scalar("one", oneBits), one)
	VDIVSS(whole.AsX(), one, one)
	VBROADCASTSS(one, sum)
	t.across(name+"Divide", func(n sixteen) {
		v := n.in(x)
		VMULPS(sum, v, v)
		n.out(v, x)
	})
	t.finish(name, x)
	done()
}

func softmaxBackwardRows512() {
	const name = "softmaxBackwardRowsAVX512"
	TEXT(name, NOSPLIT, "func(d, p *float32, stride, rows, seen, more, wide int, scale float32)")
	Doc(name + " is Causal.SoftmaxBackward.")
	Pragma("noescape")
	d, p := Load(Param("d"), GP64()), Load(Param("p"), GP64())
	t := newTriangle()
	scale := everywhereOf("scale")

	Label(name)
	t.begin()
	sum := ZMM()
	VXORPS(sum, sum, sum)
	t.across(name+"Dot", func(n sixteen) {
		v := n.in(d)
		VMULPS(n.in(p), v, v)
		VADDPS(v, sum, sum)
	})
	VBROADCASTSS(total(sum).AsX(), sum)
	t.across(name+"Slope", func(n sixteen) {
		v := n.in(d)
		VSUBPS(sum, v, v)
		VMULPS(n.in(p), v, v)
		VMULPS(scale, v, v)
		n.out(v, d)
	})
	t.finish(name, d, p)
	done()
}
