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

// func halveNEON(dst *uint32, src *float32, blocks, pairs int)
//
//	for range pairs {
//		for i := range 4 * blocks {
//			dst[i] = roundHalf(src[i])&^0xffff | roundHalf(src[4*blocks+i])>>16
//		}
//		dst, src = dst[4*blocks:], src[8*blocks:]
//	}
TEXT ·halveNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD blocks+16(FP), R2
	MOVD pairs+24(FP), R3
	HALF_CONSTANTS(R4)

pair:
	ADD  R2<<4, R1, R5
	MOVD R2, R4

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R5), [V1.S4]
	ROUND_HALF(V0, 0)
	ROUND_HALF(V1, 1)
	VSRI   $16, V1.S4, V0.S4
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R4
	CBNZ   R4, loop

	MOVD R5, R1
	SUB  $1, R3
	CBNZ R3, pair
	RET
