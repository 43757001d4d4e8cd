package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose turns eight rows of blocks of eight numbers: block b becomes rows 8b … 8b+7
// of eight numbers.
func transpose() {
	TEXT("transposeAVX2", NOSPLIT, "func(dst *float32, dstRow int, src *float32, srcRow, blocks int)")
	Doc("transposeAVX2 is transposePortable for eight rows of 8·blocks numbers.")
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	dstRow, srcRow := bytes("dstRow"), bytes("srcRow")
	blocks := Load(Param("blocks"), GP64())
	// Multiples of three and of the fourth row onwards reach eight rows from two bases.
	src4, dst4 := GP64(), GP64()
	LEAQ(Mem{Base: src, Index: srcRow, Scale: 4}, src4)
	src3, dst3 := GP64(), GP64()
	LEAQ(Mem{Base: srcRow, Index: srcRow, Scale: 2}, src3)
	LEAQ(Mem{Base: dstRow, Index: dstRow, Scale: 2}, dst3)
	at := func(base, base4, row, row3 reg.Register, i int) Mem {
		if i >= 4 {
			base, i = base4, i-4
		}
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: row3, Scale: 1}
		}
		return Mem{Base: base, Index: row, Scale: uint8(i)}
	}
	Label("transposeLoop")
	LEAQ(Mem{Base: dst, Index: dstRow, Scale: 4}, dst4)
	var rows, pairs, fours [8]reg.VecVirtual
	for i := range rows {
		rows[i] = load(at(src, src4, srcRow, src3, i))
	}
	for i := 0; i < 8; i += 2 {
		pairs[i], pairs[i+1] = YMM(), YMM()
		VUNPCKLPS(rows[i+1], rows[i], pairs[i])
		VUNPCKHPS(rows[i+1], rows[i], pairs[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			fours[i+2*j], fours[i+2*j+1] = YMM(), YMM()
			VSHUFPS(Imm(0b01000100), pairs[i+2+j], pairs[i+j], fours[i+2*j])
			VSHUFPS(Imm(0b11101110), pairs[i+2+j], pairs[i+j], fours[i+2*j+1])
		}
	}
	for i := range 4 {
		low, high := YMM(), YMM()
		VPERM2F128(Imm(0x20), fours[i+4], fours[i], low)
		VPERM2F128(Imm(0x31), fours[i+4], fours[i], high)
		VMOVUPS(low, at(dst, dst4, dstRow, dst3, i))
		VMOVUPS(high, at(dst, dst4, dstRow, dst3, i+4))
	}
	ADDQ(Imm(4*lanes), src)
	ADDQ(Imm(4*lanes), src4)
	LEAQ(Mem{Base: dst, Index: dstRow, Scale: 8}, dst)
	DECQ(blocks)
	JNZ(LabelRef("transposeLoop"))
	done()
}

// gather copies rows of whole panels: the rows are read from front to back, as memory
// likes it, and dealt to the panels.
func gather(panelWidth int) {
	name := fmt.Sprintf("gather%dAVX2", panelWidth)
	TEXT(name, NOSPLIT, "func(dst, src *float32, stride, rows, panels int)")
	Doc(fmt.Sprintf("%s copies rows of %d·panels numbers, stride apart, to panels.", name, panelWidth))
	Pragma("noescape")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride := bytes("stride")
	rows, panel := Load(Param("rows"), GP64()), GP64()
	IMUL3Q(U8(4*panelWidth), rows, panel) // bytes of a panel
	panels := Load(Param("panels"), GP64())
	Label(name + "Row")
	from, to, left := GP64(), GP64(), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(panels, left)
	Label(name + "Panel")
	PREFETCHT0(Mem{Base: from, Index: stride, Scale: 8})
	numbers := make([]reg.VecVirtual, panelWidth/lanes)
	for i := range numbers {
		numbers[i] = load(Mem{Base: from, Disp: 4 * lanes * i})
	}
	for i, v := range numbers {
		VMOVUPS(v, Mem{Base: to, Disp: 4 * lanes * i})
	}
	ADDQ(Imm(4*uint64(panelWidth)), from)
	ADDQ(panel, to)
	DECQ(left)
	JNZ(LabelRef(name + "Panel"))
	ADDQ(stride, src)
	ADDQ(Imm(4*uint64(panelWidth)), dst)
	DECQ(rows)
	JNZ(LabelRef(name + "Row"))
	done()
}
