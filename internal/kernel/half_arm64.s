//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// What ROUND_HALF needs: the last bit kept, less than half of it, the bit of a quiet
// number that is none, the bits kept.
#define HALF_CONSTANTS(r) \
	MOVD $1, r; \
	VDUP r, V16.S4; \
	MOVD $0x7fff, r; \
	VDUP r, V17.S4; \
	MOVD $0x00400000, r; \
	VDUP r, V18.S4; \
	MOVD $0xffff0000, r; \
	VDUP r, V19.S4

// ROUND_HALF is roundHalf of vector v, whose number is n: the result is in its upper
// halves, the lower ones are not cleared.
#define ROUND_HALF(v, n) \
	VUSHR $16, v.S4, V20.S4; \
	VAND  V16.B16, V20.B16, V20.B16; \
	VADD  V17.S4, V20.S4, V20.S4; \
	VADD  v.S4, V20.S4, V20.S4; \
	VORR  V18.B16, v.B16, V21.B16; \
	FCMEQ(n, n, 22); \
	VBIT  V22.B16, V20.B16, V21.B16; \
	VMOV  V21.B16, v.B16

// func roundHalfNEON(dst, x *float32, blocks int)
//
//	for i := range 4 * blocks {
//		dst[i] = math.Float32frombits(roundHalf(x[i]) &^ 0xffff)
//	}
TEXT ·roundHalfNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD blocks+16(FP), R2
	HALF_CONSTANTS(R3)

loop:
	VLD1.P 16(R1), [V0.S4]
	ROUND_HALF(V0, 0)
	VAND   V19.B16, V0.B16, V0.B16
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R2
	CBNZ   R2, loop
	RET

// func halveNEON(dst *uint32, src *float32, rows int)
//
//	for range rows {
//		for i := range 8 {
//			dst[i] = roundHalf(src[i])>>16 | roundHalf(src[8+i])&^0xffff
//		}
//		dst, src = dst[8:], src[16:]
//	}
TEXT ·halveNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD rows+16(FP), R2
	HALF_CONSTANTS(R3)

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	ROUND_HALF(V0, 0)
	ROUND_HALF(V1, 1)
	ROUND_HALF(V2, 2)
	ROUND_HALF(V3, 3)
	VSRI   $16, V0.S4, V2.S4
	VSRI   $16, V1.S4, V3.S4
	VST1.P [V2.S4, V3.S4], 32(R0)
	SUB    $1, R2
	CBNZ   R2, loop
	RET
