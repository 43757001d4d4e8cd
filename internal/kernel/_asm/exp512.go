package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const oneBits = 127 << 23 // the bits of the number one

// exp512 computes Exp of sixteen numbers: the operations of the portable function, in
// its order, none fused; then the two ends of the range. Constants are broadcast from
// memory.
func exp512(x reg.VecVirtual) reg.VecVirtual {
	of := func(name string, x float32) Mem { return scalar(name, math.Float32bits(x)) }
	n, r, t, p := ZMM(), ZMM(), ZMM(), ZMM()
	VMULPS_BCST(of("log2e", 1.44269504088896341), x, n)
	VADDPS_BCST(of("round", 12582912), n, n)
	VSUBPS_BCST(of("round", 12582912), n, n)
	VMULPS_BCST(of("ln2high", 0.693359375), n, t)
	VSUBPS(t, x, r)
	VMULPS_BCST(of("ln2low", -2.12194440e-4), n, t)
	VSUBPS(t, r, r)
	VBROADCASTSS(of("horner0", coefficients[0]), p)
	for i, c := range coefficients[1:] {
		VMULPS(r, p, p)
		VADDPS_BCST(of("horner"+string(rune('1'+i)), c), p, p)
	}
	VMULPS(r, r, t)
	VMULPS(t, p, p)
	VADDPS(r, p, p)
	VADDPS_BCST(scalar("one", oneBits), p, p)

	// 2ⁿ in two halves, since 2¹²⁸ is not a float32.
	VCVTPS2DQ(n, n)
	VPSRAD(U8(1), n, t)
	VPSUBD(t, n, n)
	for _, half := range []reg.VecVirtual{t, n} {
		VPSLLD(U8(23), half, half)
		VPADDD_BCST(scalar("one", oneBits), half, half)
		VMULPS(half, p, p)
	}

	notLow, high, nan := K(), K(), K()
	VCMPPS_BCST(U8(5), of("expLow", -87.33654), x, notLow)
	VMOVAPS_Z(p, notLow, p)
	VCMPPS_BCST(U8(14), of("expHigh", 88.72283), x, high)
	VBROADCASTSS(of("infinity", float32(math.Inf(1))), high, p)
	VCMPPS(U8(3), x, x, nan)
	VMOVAPS(x, nan, p)
	return p
}
