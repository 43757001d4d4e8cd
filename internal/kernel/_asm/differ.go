package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// differ counts sixteen pairs of bfloat16 numbers a turn: as float32, those in the lower and
// in the upper halves of words by themselves.
func differ() {
	greater, notLess := Imm(0x1e), Imm(0x15) // false and true of what is not a number
	found := make([]reg.VecVirtual, 3)       // pairs that differ, that differ by more, whose difference is not finite
	each("differAVX2", "func(a, b *byte, blocks int, far float32, found *[24]int32)",
		"differAVX2 is differPortable for blocks of sixteen, in eight lanes each.",
		[]string{"a", "b"}, []string{"far"},
		func(x map[string]reg.VecVirtual) {
			for i := range found {
				found[i] = YMM()
				VXORPS(found[i], found[i], found[i])
			}
			x["zero"] = YMM()
			VXORPS(x["zero"], x["zero"], x["zero"])
			x["high"], x["unsigned"], x["infinity"] = broadcast("high", 0xffff0000), broadcast("unsigned", 0x7fffffff), broadcast("noNumber", 0x7f800000)
		},
		func(at map[string]Mem, x map[string]reg.VecVirtual) {
			a, b := load(at["a"]), load(at["b"])
			for _, upper := range []bool{false, true} {
				d, other, is := YMM(), YMM(), YMM()
				if upper {
					VPAND(x["high"], a, d)
					VPAND(x["high"], b, other)
				} else {
					VPSLLD(Imm(16), a, d)
					VPSLLD(Imm(16), b, other)
				}
				VSUBPS(other, d, d)
				VANDPS(x["unsigned"], d, d)
				VCMPPS(greater, x["zero"], d, is)
				VPSUBD(is, found[0], found[0])
				VCMPPS(greater, x["far"], d, is)
				VPSUBD(is, found[1], found[1])
				VCMPPS(notLess, x["infinity"], d, is)
				VPSUBD(is, found[2], found[2])
			}
		})
	out := Load(Param("found"), GP64())
	for i, v := range found {
		VMOVUPS(v, Mem{Base: out, Disp: 4 * lanes * i})
	}
	done()
}
