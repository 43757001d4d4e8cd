package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tallest is the most rows of an AVX-512 tile: with two fused products a cycle that take
// four each, eight accumulators would do, and more of them read B less often.
const tallest = 12

// kind tells what a column of tiles multiplies by: a panel, a halved panel, two panels.
type kind int

const (
	single kind = iota
	halved
	paired
)

// column writes a column of tiles as tall as they can be, each of one accumulator a row
// and panel.
func column(k kind) {
	t := newColumn(k)
	Label("next" + t.suffix)
	for rows := tallest; rows > 0; rows-- {
		CMPQ(t.m, Imm(uint64(rows)))
		JGE(LabelRef(fmt.Sprint("tile", rows, t.suffix)))
	}
	done()
	for rows := tallest; rows > 0; rows-- {
		Label(fmt.Sprint("tile", rows, t.suffix))
		t.tile(rows)
		SUBQ(Imm(uint64(rows)), t.m)
		JMP(LabelRef("next" + t.suffix))
	}
}

// columnOfTiles is what the tiles of a column have in common: the rows of C and A that
// are left, and strides in bytes.
type columnOfTiles struct {
	suffix            string
	m, top, c         reg.Register
	aRow, aRow3, aCol reg.Register
	bRow, cRow        reg.Register // bRow nil where B is halved
	bNext             reg.Register // to the second panel, nil where there is none
	shift, high       reg.VecVirtual
}

func newColumn(of kind) columnOfTiles {
	t, twin, operand := columnOfTiles{}, "tilePortable", "b *float32, bRow int"
	switch of {
	case halved:
		t.suffix, twin, operand = "Half", "tileHalfPortable", "b *uint32"
	case paired:
		t.suffix, twin, operand = "Pair", "tilePortable for two panels, bNext apart,", "b *float32, bRow, bNext int"
	}
	name := "tile" + t.suffix + "AVX512"
	TEXT(name, NOSPLIT, "func(m, k int, a *float32, aRow, aCol int, "+operand+", c *float32, cRow int, accumulate bool)")
	Doc(fmt.Sprintf("%s is %s for k ≥ 1.", name, twin))
	Pragma("noescape")
	t.m = Load(Param("m"), GP64())
	t.top, t.c = Load(Param("a"), GP64()), Load(Param("c"), GP64())
	t.aRow, t.aCol, t.cRow = bytes("aRow"), bytes("aCol"), bytes("cRow")
	t.aRow3 = GP64()
	LEAQ(Mem{Base: t.aRow, Index: t.aRow, Scale: 2}, t.aRow3)
	if of == halved {
		t.shift, t.high = widening()
		return t
	}
	t.bRow = bytes("bRow")
	if of == paired {
		t.bNext = bytes("bNext")
	}
	return t
}

// widening is what widens halved numbers that fill both halves of a register: the lower
// eight columns move up, and the upper eight lose what is below them.
func widening() (shift, high reg.VecVirtual) {
	shift = ZMM()
	m := GLOBL("widening", RODATA|NOPTR)
	for i := range width {
		DATA(4*i, U32(16*(1-i/(width/2))))
	}
	VMOVDQU32(m, shift)
	return shift, everywhere("high", 0xffff0000)
}

// tile computes the next rows × 16 or × 32 outputs and goes on to what is below.
func (t columnOfTiles) tile(rows int) {
	suffix := fmt.Sprint(rows, t.suffix)
	acc := make([][]reg.VecVirtual, rows) // of a row, for each panel
	for i := range acc {
		acc[i] = []reg.VecVirtual{ZMM()}
		if t.bNext != nil {
			acc[i] = append(acc[i], ZMM())
		}
	}
	t.start(acc, suffix)

	bases := make([]reg.Register, (rows+3)/4) // of four rows each
	for i := range bases {
		bases[i] = GP64()
		if i == 0 {
			MOVQ(t.top, bases[0])
		} else {
			LEAQ(Mem{Base: bases[i-1], Index: t.aRow, Scale: 4}, bases[i])
		}
	}
	b := Load(Param("b"), GP64())
	k := Load(Param("k"), GP64())
	SHRQ(Imm(1), k)
	JZ(LabelRef("rest" + suffix))
	Label("turn" + suffix)
	t.step(acc, bases, b)
	t.step(acc, bases, b)
	DECQ(k)
	JNZ(LabelRef("turn" + suffix))
	Label("rest" + suffix)
	Load(Param("k"), k)
	ANDQ(Imm(1), k)
	JZ(LabelRef("store" + suffix))
	t.step(acc, bases, b)

	Label("store" + suffix)
	for i := range acc {
		for p, sums := range acc[i] {
			VMOVUPS(sums, Mem{Base: t.c, Disp: 4 * width * p})
		}
		ADDQ(t.cRow, t.c)
		ADDQ(t.aRow, t.top)
	}
}

// start fills the accumulators with zeros or with C.
func (t columnOfTiles) start(acc [][]reg.VecVirtual, suffix string) {
	for i := range acc {
		for _, sums := range acc[i] {
			VXORPS(sums, sums, sums)
		}
	}
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef("start" + suffix))
	row := GP64()
	MOVQ(t.c, row)
	for i := range acc {
		for p, sums := range acc[i] {
			VMOVUPS(Mem{Base: row, Disp: 4 * width * p}, sums)
		}
		if i < len(acc)-1 {
			ADDQ(t.cRow, row)
		}
	}
	Label("start" + suffix)
}

// step adds one product to every output: it loads sixteen numbers of each panel once and
// broadcasts one number of A a row, on its way into the product where it is used once.
func (t columnOfTiles) step(acc [][]reg.VecVirtual, bases []reg.Register, b reg.Register) {
	numbers := t.numbers(b)
	for i := range acc {
		if len(numbers) == 1 {
			VFMADD231PS_BCST(t.at(bases, i), numbers[0], acc[i][0])
			continue
		}
		x := ZMM()
		VBROADCASTSS(t.at(bases, i), x)
		for p, sums := range acc[i] {
			VFMADD231PS(numbers[p], x, sums)
		}
	}
	for _, base := range bases {
		ADDQ(t.aCol, base)
	}
}

// numbers loads a row of B and goes on to the next.
func (t columnOfTiles) numbers(b reg.Register) []reg.VecVirtual {
	first := ZMM()
	if t.bRow == nil {
		VBROADCASTI32X8(Mem{Base: b}, first)
		VPSLLVD(t.shift, first, first)
		VPANDD(t.high, first, first)
		ADDQ(Imm(2*width), b)
		return []reg.VecVirtual{first}
	}
	VMOVUPS(Mem{Base: b}, first)
	all := []reg.VecVirtual{first}
	if t.bNext != nil {
		second := ZMM()
		VMOVUPS(Mem{Base: b, Index: t.bNext, Scale: 1}, second)
		all = append(all, second)
	}
	ADDQ(t.bRow, b)
	return all
}

// at addresses row i: x86 scales an index by 1, 2 or 4, not by 3.
func (t columnOfTiles) at(bases []reg.Register, i int) Mem {
	base := bases[i/4]
	switch i % 4 {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: t.aRow3, Scale: 1}
	default:
		return Mem{Base: base, Index: t.aRow, Scale: uint8(i % 4)}
	}
}

// peak512 runs what a core can do at most: twelve independent chains of fused products.
func peak512() {
	TEXT("peakAVX512", NOSPLIT, "func(turns int)")
	Doc("peakAVX512 makes 384 fused products a turn, in registers alone.")
	turns := Load(Param("turns"), GP64())
	x := ZMM()
	VXORPS(x, x, x)
	acc := make([]reg.VecVirtual, 12)
	for i := range acc {
		acc[i] = ZMM()
		VXORPS(acc[i], acc[i], acc[i])
	}
	Label("peakTurn")
	for range 2 {
		for i := range acc {
			VFMADD231PS(x, x, acc[i])
		}
	}
	DECQ(turns)
	JNZ(LabelRef("peakTurn"))
	done()
}
