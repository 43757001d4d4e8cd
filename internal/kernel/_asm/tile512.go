package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tallest is the most rows of an AVX-512 tile: with two fused products a cycle that take
// four each, eight accumulators would do, and more of them read B less often.
const tallest = 12

// kind tells what a column of tiles multiplies by: a panel, a halved panel, two panels;
// or words of two halved numbers by such words, of a panel or of two.
type kind int

const (
	single kind = iota
	halved
	paired
	dotted
	dottedPair
)

// column writes a column of tiles as tall as they can be, each of one accumulator a row
// and panel. Where there are two panels, the first tile, which finds them in a farther
// cache than those below it, asks for the next two on its way.
func column(k kind) {
	t := newColumn(k)
	if t.bNext != nil {
		t.ahead = true
		t.choose(fewest)
		JMP(LabelRef("next" + t.name))
		t.tiles(fewest)
		t.ahead = false
	}
	Label("next" + t.suffix())
	t.choose(1)
	done()
	t.tiles(1)
}

// fewest is the rows that give memory time to answer: fewer wait for it all along, and
// read on by themselves.
const fewest = 4

// choose goes to the tallest tile that fits, of at least so many rows, if there is one.
func (t columnOfTiles) choose(least int) {
	tileFrom := func(left, rows int) {
		CMPQ(t.m, Imm(uint64(left)))
		JGE(LabelRef(fmt.Sprint("tile", rows, t.suffix())))
	}
	for rows := tallest; 2*rows > tallest; rows-- {
		tileFrom(2*rows-1, rows) // the last two are about equally tall
	}
	for rows := tallest; rows >= least; rows-- {
		tileFrom(rows, rows)
	}
}

func (t columnOfTiles) tiles(least int) {
	for rows := tallest; rows >= least; rows-- {
		Label(fmt.Sprint("tile", rows, t.suffix()))
		t.tile(rows)
		SUBQ(Imm(uint64(rows)), t.m)
		JMP(LabelRef("next" + t.name))
	}
}

// columnOfTiles is what the tiles of a column have in common: the rows of C and A that
// are left, and strides in bytes.
type columnOfTiles struct {
	name              string
	m, top, c         reg.Register
	aRow, aRow3, aCol reg.Register
	bRow, cRow        reg.Register // bRow nil where B is halved
	bNext, bNext3     reg.Register // to the second panel and the fourth, nil where there is none
	high              reg.VecVirtual
	dots              bool
	ahead             bool // asks for the panels after these
}

// suffix tells labels apart.
func (t columnOfTiles) suffix() string {
	if t.ahead {
		return t.name + "Ahead"
	}
	return t.name
}

func newColumn(of kind) columnOfTiles {
	t, twin, factor, operand := columnOfTiles{}, "tilePortable", "a *float32", "b *float32, bRow int"
	switch of {
	case dotted:
		t.name, twin, factor, operand = "Dot", "tileHalfPortable for words of A, k of them a row,", "a *uint32", "b *uint32, bRow int"
	case dottedPair:
		t.name, twin, factor, operand = "DotPair", "tileDotAVX512 for two panels, bNext apart,", "a *uint32", "b *uint32, bRow, bNext int"
	case halved:
		t.name, twin, operand = "Half", "tileHalfPortable", "b *uint32"
	case paired:
		t.name, twin, operand = "Pair", "tilePortable for two panels, bNext apart,", "b *float32, bRow, bNext int"
	}
	name := "tile" + t.name + "AVX512"
	TEXT(name, NOSPLIT, "func(m, k int, "+factor+", aRow, aCol int, "+operand+", c *float32, cRow int, accumulate bool)")
	Doc(fmt.Sprintf("%s is %s for k ≥ 1.", name, twin))
	Pragma("noescape")
	t.m = Load(Param("m"), GP64())
	t.top, t.c = Load(Param("a"), GP64()), Load(Param("c"), GP64())
	t.aRow, t.aCol, t.cRow = bytes("aRow"), bytes("aCol"), bytes("cRow")
	t.aRow3 = GP64()
	LEAQ(Mem{Base: t.aRow, Index: t.aRow, Scale: 2}, t.aRow3)
	if of == halved {
		t.high = everywhere("high", 0xffff0000)
		return t
	}
	t.dots = of == dotted || of == dottedPair
	t.bRow = bytes("bRow")
	if of == paired || of == dottedPair {
		t.bNext = bytes("bNext")
		t.bNext3 = GP64()
		LEAQ(Mem{Base: t.bNext, Index: t.bNext, Scale: 2}, t.bNext3)
	}
	return t
}

// zmm are the registers of a tile, by number: the assembler lacks an instruction whose
// bytes depend on them. The first 24 hold sums.
var zmm = []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

// tile computes the next rows × 16 or × 32 outputs and goes on to what is below.
func (t columnOfTiles) tile(rows int) {
	suffix := fmt.Sprint(rows, t.suffix())
	acc := make([][]reg.VecPhysical, rows) // of a row, for each panel
	for i := range acc {
		acc[i] = []reg.VecPhysical{zmm[2*i]}
		if t.bNext != nil {
			acc[i] = append(acc[i], zmm[2*i+1])
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
	t.step(acc, bases, b, true)
	t.step(acc, bases, b, false)
	DECQ(k)
	JNZ(LabelRef("turn" + suffix))
	Label("rest" + suffix)
	Load(Param("k"), k)
	ANDQ(Imm(1), k)
	JZ(LabelRef("store" + suffix))
	t.step(acc, bases, b, true)

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
func (t columnOfTiles) start(acc [][]reg.VecPhysical, suffix string) {
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

// step adds one product, or two of a word, to every output: it loads sixteen numbers of
// each panel once and broadcasts one of A a row, on its way into the product where it is
// used once. Of halved rows the even one is in the upper halves.
func (t columnOfTiles) step(acc [][]reg.VecPhysical, bases []reg.Register, b reg.Register, even bool) {
	numbers := t.numbers(b, even)
	for i := range acc {
		if len(numbers) == 1 && !t.dots {
			VFMADD231PS_BCST(t.at(bases, i), numbers[0], acc[i][0])
			continue
		}
		x := zmm[26+i%6]
		VBROADCASTSS(t.at(bases, i), x)
		for p, sums := range acc[i] {
			if t.dots {
				dotHalves(numbers[p], x, sums)
			} else {
				VFMADD231PS(numbers[p], x, sums)
			}
		}
	}
	for _, base := range bases {
		ADDQ(t.aCol, base)
	}
}

// numbers loads a row of B and goes on to the next.
func (t columnOfTiles) numbers(b reg.Register, even bool) []reg.VecPhysical {
	first, second := zmm[24], zmm[25]
	if t.bRow == nil {
		if even {
			VPANDD(Mem{Base: b}, t.high, first)
		} else {
			VPSLLD(Imm(16), Mem{Base: b}, first)
			ADDQ(Imm(4*width), b)
		}
		return []reg.VecPhysical{first}
	}
	VMOVUPS(Mem{Base: b}, first)
	all := []reg.VecPhysical{first}
	if t.bNext != nil {
		VMOVUPS(Mem{Base: b, Index: t.bNext, Scale: 1}, second)
		all = append(all, second)
	}
	if t.ahead {
		PREFETCHT1(Mem{Base: b, Index: t.bNext, Scale: 2})
		PREFETCHT1(Mem{Base: b, Index: t.bNext3, Scale: 1})
	}
	ADDQ(t.bRow, b)
	return all
}

// dotHalves is VDPBF16PS x, y, sums: sums take the product of the upper halves, then that
// of the lower ones, each fused; subnormal numbers count as zeros.
func dotHalves(x, y, sums reg.VecPhysical) {
	a, b, c := uint8(x.PhysicalIndex()), uint8(y.PhysicalIndex()), uint8(sums.PhysicalIndex())
	// EVEX.512.F3.0F38.W0 52 /r: c is in ModRM.reg, b in vvvv, a in ModRM.rm; the prefix
	// holds the other bits of the numbers inverted.
	code := []uint8{
		0x62,
		(^c>>3&1)<<7 | (^a>>4&1)<<6 | (^a>>3&1)<<5 | (^c>>4&1)<<4 | 2,
		(^b&15)<<3 | 1<<2 | 2,
		2<<5 | (^b>>4&1)<<3,
		0x52,
		3<<6 | (c&7)<<3 | a&7,
	}
	Comment(fmt.Sprintf("VDPBF16PS %s, %s, %s", x.Asm(), y.Asm(), sums.Asm()))
	for _, b := range code {
		Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(b)}, Inputs: []Op{x, y, sums}, Outputs: []Op{sums}})
	}
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

// peak512 runs what a core can do at most: twelve independent chains of products.
func peak512(name string, products int, multiply func(x, sums reg.VecPhysical)) {
	TEXT(name, NOSPLIT, "func(turns int)")
	Doc(fmt.Sprintf("%s makes %d products a turn, in registers alone.", name, products))
	turns := Load(Param("turns"), GP64())
	x, acc := zmm[12], zmm[:12]
	for _, v := range zmm[:13] {
		VXORPS(v, v, v)
	}
	Label(name + "Turn")
	for range 2 {
		for _, sums := range acc {
			multiply(x, sums)
		}
	}
	DECQ(turns)
	JNZ(LabelRef(name + "Turn"))
	done()
}
