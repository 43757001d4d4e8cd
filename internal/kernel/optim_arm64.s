//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// func adamWNEON(p, grad, m, v *float32, blocks int, c *adamConstants)
//
// adamConstants.update for 2·blocks numbers; c's fields are read in their order.
TEXT ·adamWNEON(SB), NOSPLIT, $0-48
	MOVD    p+0(FP), R0
	MOVD    grad+8(FP), R1
	MOVD    m+16(FP), R2
	MOVD    v+24(FP), R3
	MOVD    blocks+32(FP), R4
	MOVD    c+40(FP), R5
	VLD1R.P 8(R5), [V16.D2] // scale
	VLD1R.P 8(R5), [V17.D2] // beta1
	VLD1R.P 8(R5), [V18.D2] // rest1
	VLD1R.P 8(R5), [V19.D2] // beta2
	VLD1R.P 8(R5), [V20.D2] // rest2
	VLD1R.P 8(R5), [V21.D2] // step
	VLD1R.P 8(R5), [V22.D2] // root
	VLD1R.P 8(R5), [V23.D2] // epsilon
	VLD1R.P 8(R5), [V24.D2] // keep

loop:
	VLD1   (R0), [V0.S2]
	VLD1.P 8(R1), [V1.S2]
	VLD1   (R2), [V2.S2]
	VLD1   (R3), [V3.S2]
	FCVTL(0, 0)
	FCVTL(1, 1)
	FCVTL(2, 2)
	FCVTL(3, 3)
	FMUL2(16, 1, 1)          // grad = g·scale
	FMUL2(1, 1, 4)           // grad²
	FMUL2(17, 2, 2)
	FMUL2(18, 1, 1)
	FADD2(1, 2, 2)           // first = beta1·m + rest1·grad
	FMUL2(19, 3, 3)
	FMUL2(20, 4, 4)
	FADD2(4, 3, 3)           // second = beta2·v + rest2·grad²
	FCVTN(2, 5)
	FCVTN(3, 6)
	VST1.P [V5.S2], 8(R2)
	VST1.P [V6.S2], 8(R3)
	FSQRT2(3, 3)
	FDIV2(22, 3, 3)
	FADD2(23, 3, 3)          // √second/root + epsilon
	FDIV2(3, 2, 2)
	FMUL2(21, 2, 2)          // move
	FMUL2(24, 0, 0)
	FSUB2(2, 0, 0)           // p·keep − move
	FCVTN(0, 0)
	VST1.P [V0.S2], 8(R0)
	SUB    $1, R4
	CBNZ   R4, loop
	RET

// func sumSquaresNEON(x *float32, blocks int, sums *[8]float64)
//
//	for i := range 8 * blocks {
//		sums[i%8] += float64(x[i]) * float64(x[i])
//	}
TEXT ·sumSquaresNEON(SB), NOSPLIT, $0-24
	MOVD x+0(FP), R0
	MOVD blocks+8(FP), R1
	MOVD sums+16(FP), R2
	VLD1 (R2), [V16.D2, V17.D2, V18.D2, V19.D2]

squares:
	VLD1.P 32(R0), [V0.S2, V1.S2, V2.S2, V3.S2]
	FCVTL(0, 0)
	FCVTL(1, 1)
	FCVTL(2, 2)
	FCVTL(3, 3)
	FMUL2(0, 0, 0)
	FMUL2(1, 1, 1)
	FMUL2(2, 2, 2)
	FMUL2(3, 3, 3)
	FADD2(0, 16, 16)
	FADD2(1, 17, 17)
	FADD2(2, 18, 18)
	FADD2(3, 19, 19)
	SUB  $1, R1
	CBNZ R1, squares
	VST1 [V16.D2, V17.D2, V18.D2, V19.D2], (R2)
	RET
