// Command _asm writes the AVX2+FMA and the AVX-512 variants of package kernel.
//
//	go run . -out ../avx2_amd64.s -stubs ../avx2_stubs_amd64.go -pkg kernel
//	go run . -out ../avx512_amd64.s -stubs ../avx512_stubs_amd64.go -pkg kernel -set avx512
package main

import (
	"flag"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	lanes = 8  // float32 in a YMM register
	width = 16 // columns of a tile: two registers

	rowGroup = 24 // rows of A that are packed side by side

	// Few rows wait for memory: B is asked for this far ahead.
	prefetchRows  = 2
	prefetchBytes = 2048
)

func main() {
	sets := map[string]func(){"avx2": avx2, "avx512": avx512}
	set := flag.String("set", "avx2", "instructions to use: avx2 or avx512")
	flag.Parse()
	ConstraintExpr("!noasm")
	sets[*set]()
	Generate()
}

func avx2() {
	for rows := 1; rows <= 6; rows++ {
		tile(rows, false)
	}
	for rows := 1; rows <= 6; rows++ {
		tile(rows, true)
	}
	expConstants()
	expSum()
	swiglu()
	dot()
	rows()
	norms()
	transpose()
	gather(width)
	gather(rowGroup)
	half()
	differ()
	adamW()
	sumSquares()
	peak()
}

func avx512() {
	column(single)
	column(halved)
	column(paired)
	column(dotted)
	column(dottedPair)
	rows512()
	reductions512()
	norm512()
	softmax512()
	maximum512()
	swiglu512()
	peak512("peakAVX512", 384, func(x, sums reg.VecPhysical) { VFMADD231PS(x, x, sums) })
	peak512("peakDotAVX512", 768, func(x, sums reg.VecPhysical) { dotHalves(x, x, sums) })
}

// tile writes products of rows × 16 outputs, tiles of them one below the other: the
// accumulators stay in registers over the whole of k, two of them a row; each step of k
// loads sixteen numbers of B once and broadcasts one number of A a row. Halved numbers
// of B are widened on the way: see halvePortable.
func tile(rows int, halved bool) {
	suffix, twin, operand := fmt.Sprint(rows), "tilePortable", "b *float32, bRow int"
	if halved {
		suffix, twin, operand = suffix+"Half", "tileHalfPortable", "b *uint32"
	}
	name := "tile" + suffix + "AVX2"
	TEXT(name, NOSPLIT, "func(tiles, k int, a *float32, aRow, aCol int, "+operand+", c *float32, cRow int, accumulate bool)")
	Doc(fmt.Sprintf("%s is %s with m = %d·tiles.", name, twin, rows))
	Pragma("noescape")

	tiles := Load(Param("tiles"), GP64())
	top := Load(Param("a"), GP64()) // the tile's first row
	aRow := bytes("aRow")
	aCol := bytes("aCol")
	var bRow, high reg.Register
	if halved {
		high = broadcast("high", 0xffff0000)
	} else {
		bRow = bytes("bRow")
	}
	c := Load(Param("c"), GP64())
	cRow := bytes("cRow")

	acc := make([][2]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = [2]reg.VecVirtual{YMM(), YMM()}
	}

	Label("tile" + suffix)
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef("zero" + suffix))
	row := GP64()
	MOVQ(c, row)
	for i := range acc {
		VMOVUPS(Mem{Base: row}, acc[i][0])
		VMOVUPS(Mem{Base: row, Disp: 4 * lanes}, acc[i][1])
		if i < rows-1 {
			ADDQ(cRow, row)
		}
	}
	JMP(LabelRef("start" + suffix))
	Label("zero" + suffix)
	for i := range acc {
		VXORPS(acc[i][0], acc[i][0], acc[i][0])
		VXORPS(acc[i][1], acc[i][1], acc[i][1])
	}

	Label("start" + suffix)
	a := GP64()
	MOVQ(top, a)
	b := Load(Param("b"), GP64())
	// Rows 0-2 are addressed from a, rows 3-5 from a4: x86 scales an index by 1 or 2, not by 3.
	var a4 reg.GPVirtual
	if rows > 3 {
		a4 = GP64()
		LEAQ(Mem{Base: a, Index: aRow, Scale: 2}, a4)
		ADDQ(aRow, a4)
	}
	at := func(i int) Mem {
		base := reg.Register(a)
		if i >= 3 {
			base, i = a4, i-3
		}
		if i == 0 {
			return Mem{Base: base}
		}
		return Mem{Base: base, Index: aRow, Scale: uint8(i)}
	}
	products := func(b0, b1 reg.VecVirtual) {
		for i := range acc {
			x := YMM()
			VBROADCASTSS(at(i), x)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
		}
		ADDQ(aCol, a)
		if rows > 3 {
			ADDQ(aCol, a4)
		}
	}
	// step does some rows of B, two where they are halved.
	step := func(steps int) {
		if rows <= prefetchRows {
			PREFETCHT0(Mem{Base: b, Disp: prefetchBytes})
		}
		if !halved {
			b0, b1 := load(Mem{Base: b}), load(Mem{Base: b, Disp: 4 * lanes})
			ADDQ(bRow, b)
			products(b0, b1)
			return
		}
		for _, upper := range []bool{true, false}[:steps] {
			b0, b1 := load(Mem{Base: b}), load(Mem{Base: b, Disp: 4 * lanes})
			for _, v := range []reg.VecVirtual{b0, b1} {
				if upper {
					VPAND(v, high, v)
				} else {
					VPSLLD(Imm(16), v, v)
				}
			}
			products(b0, b1)
		}
		ADDQ(Imm(4*width), b)
	}

	// Four rows of B a turn, then the ones that are left.
	turns := Load(Param("k"), GP64())
	SHRQ(Imm(2), turns)
	JZ(LabelRef("rest" + suffix))
	Label("turn" + suffix)
	if halved {
		step(2)
		step(2)
	} else {
		for range 4 {
			step(1)
		}
	}
	DECQ(turns)
	JNZ(LabelRef("turn" + suffix))
	Label("rest" + suffix)
	rest := Load(Param("k"), GP64())
	if halved {
		TESTQ(U32(2), rest)
		JZ(LabelRef("last" + suffix))
		step(2)
		Label("last" + suffix)
		TESTQ(U32(1), rest)
		JZ(LabelRef("store" + suffix))
		step(1)
	} else {
		ANDQ(Imm(3), rest)
		JZ(LabelRef("store" + suffix))
		Label("loop" + suffix)
		step(1)
		DECQ(rest)
		JNZ(LabelRef("loop" + suffix))
	}

	Label("store" + suffix)
	for i := range acc {
		VMOVUPS(acc[i][0], Mem{Base: c})
		VMOVUPS(acc[i][1], Mem{Base: c, Disp: 4 * lanes})
		ADDQ(cRow, c)
		ADDQ(aRow, top)
	}
	DECQ(tiles)
	JNZ(LabelRef("tile" + suffix))
	VZEROUPPER()
	RET()
}

// bytes loads a stride given in elements and turns it into bytes.
func bytes(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	SHLQ(Imm(2), r)
	return r
}

// peak runs what a core can do at most: twelve independent chains of fused products.
func peak() {
	TEXT("peakAVX2", NOSPLIT, "func(turns int)")
	Doc("peakAVX2 makes 192 fused products a turn, in registers alone.")
	turns := Load(Param("turns"), GP64())
	x := YMM()
	VXORPS(x, x, x)
	acc := make([]reg.VecVirtual, 12)
	for i := range acc {
		acc[i] = YMM()
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
	VZEROUPPER()
	RET()
}
