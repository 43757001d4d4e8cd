//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// Each lane of top takes that of v where it is greater, as the portable comparison does.
#define TAKE_GREATER(v, top) \
	FCMGT(top, v, 8); \
	BIT(8, v, top)

// func dotNEON(x, y *float32, blocks int, sums *[16]float32)
//
//	for i := range 16 * blocks {
//		sums[i%16] += float32(x[i] * y[i])
//	}
TEXT ·dotNEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD y+8(FP), R1
	MOVD blocks+16(FP), R2
	MOVD sums+24(FP), R3
	VLD1 (R3), [V0.S4, V1.S4, V2.S4, V3.S4]

loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	FMUL(16, 4, 4)
	FMUL(17, 5, 5)
	FMUL(18, 6, 6)
	FMUL(19, 7, 7)
	FADD(4, 0, 0)
	FADD(5, 1, 1)
	FADD(6, 2, 2)
	FADD(7, 3, 3)
	SUB  $1, R2
	CBNZ R2, loop
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R3)
	RET

// func addNEON(dst, x *float32, blocks int)
//
//	for i := range 4 * blocks {
//		dst[i] += x[i]
//	}
TEXT ·addNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD blocks+16(FP), R2

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	FADD(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R2
	CBNZ   R2, loop
	RET

// func addScaledNEON(dst, x *float32, blocks int, scale float32)
//
//	for i := range 4 * blocks {
//		dst[i] += float32(x[i] * scale)
//	}
TEXT ·addScaledNEON(SB), NOSPLIT, $0-28
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  blocks+16(FP), R2
	MOVWU scale+24(FP), R3
	VDUP  R3, V2.S4

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	FMUL(2, 1, 1)
	FADD(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R2
	CBNZ   R2, loop
	RET

// func scaleNEON(x *float32, blocks int, scale float32)
//
//	for i := range 4 * blocks {
//		x[i] *= scale
//	}
TEXT ·scaleNEON(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R0
	MOVD  blocks+8(FP), R1
	MOVWU scale+16(FP), R2
	VDUP  R2, V1.S4

loop:
	VLD1   (R0), [V0.S4]
	FMUL(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R1
	CBNZ   R1, loop
	RET

// func maximumNEON(x *float32, blocks int, first float32) float32
//
//	for i := range 16 * blocks {
//		if x[i] > first {
//			first = x[i]
//		}
//	}
//	return first
//
// A first that is not a number stays in every lane, no other such number enters any.
TEXT ·maximumNEON(SB), NOSPLIT, $0-28
	MOVD  x+0(FP), R0
	MOVD  blocks+8(FP), R1
	MOVWU first+16(FP), R2
	VDUP  R2, V0.S4
	VDUP  R2, V1.S4
	VDUP  R2, V2.S4
	VDUP  R2, V3.S4

loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	TAKE_GREATER(4, 0)
	TAKE_GREATER(5, 1)
	TAKE_GREATER(6, 2)
	TAKE_GREATER(7, 3)
	SUB    $1, R1
	CBNZ   R1, loop
	TAKE_GREATER(1, 0)
	TAKE_GREATER(3, 2)
	TAKE_GREATER(2, 0)
	VEXT   $8, V0.B16, V0.B16, V1.B16
	TAKE_GREATER(1, 0)
	VEXT   $4, V0.B16, V0.B16, V1.B16
	TAKE_GREATER(1, 0)
	FMOVS  F0, ret+24(FP)
	RET

// func normNEON(y, x, w *float32, blocks int, rstd float32)
//
//	for i := range 4 * blocks {
//		y[i] = float32(x[i]*rstd) * w[i]
//	}
TEXT ·normNEON(SB), NOSPLIT, $0-36
	MOVD  y+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  w+16(FP), R2
	MOVD  blocks+24(FP), R3
	MOVWU rstd+32(FP), R4
	VDUP  R4, V2.S4

loop:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	FMUL(2, 0, 0)
	FMUL(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R3
	CBNZ   R3, loop
	RET

// func normDotNEON(dy, x, w *float32, blocks int, sums *[16]float32)
//
//	for i := range 16 * blocks {
//		sums[i%16] += float32(float32(w[i]*dy[i]) * x[i])
//	}
TEXT ·normDotNEON(SB), NOSPLIT, $0-40
	MOVD dy+0(FP), R0
	MOVD x+8(FP), R1
	MOVD w+16(FP), R2
	MOVD blocks+24(FP), R3
	MOVD sums+32(FP), R4
	VLD1 (R4), [V0.S4, V1.S4, V2.S4, V3.S4]

loop:
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R2), [V20.S4, V21.S4, V22.S4, V23.S4]
	FMUL(4, 20, 4)
	FMUL(5, 21, 5)
	FMUL(6, 22, 6)
	FMUL(7, 23, 7)
	FMUL(16, 4, 4)
	FMUL(17, 5, 5)
	FMUL(18, 6, 6)
	FMUL(19, 7, 7)
	FADD(4, 0, 0)
	FADD(5, 1, 1)
	FADD(6, 2, 2)
	FADD(7, 3, 3)
	SUB    $1, R3
	CBNZ   R3, loop
	VST1   [V0.S4, V1.S4, V2.S4, V3.S4], (R4)
	RET

// func normBackwardNEON(dx, dy, x, w *float32, blocks int, rstd, s float32)
//
//	for i := range 4 * blocks {
//		dx[i] += float32(rstd * float32(float32(w[i]*dy[i])-float32(x[i]*s)))
//	}
TEXT ·normBackwardNEON(SB), NOSPLIT, $0-48
	MOVD  dx+0(FP), R0
	MOVD  dy+8(FP), R1
	MOVD  x+16(FP), R2
	MOVD  w+24(FP), R3
	MOVD  blocks+32(FP), R4
	MOVWU rstd+40(FP), R5
	MOVWU s+44(FP), R6
	VDUP  R5, V4.S4
	VDUP  R6, V5.S4

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VLD1.P 16(R2), [V2.S4]
	VLD1.P 16(R3), [V3.S4]
	FMUL(1, 3, 3)
	FMUL(5, 2, 2)
	FSUB(2, 3, 3)
	FMUL(3, 4, 3)
	FADD(3, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R4
	CBNZ   R4, loop
	RET

// func normWeightNEON(dw, dy, x *float32, blocks int, rstd float32)
//
//	for i := range 4 * blocks {
//		dw[i] += float32(dy[i] * float32(x[i]*rstd))
//	}
TEXT ·normWeightNEON(SB), NOSPLIT, $0-36
	MOVD  dw+0(FP), R0
	MOVD  dy+8(FP), R1
	MOVD  x+16(FP), R2
	MOVD  blocks+24(FP), R3
	MOVWU rstd+32(FP), R4
	VDUP  R4, V3.S4

loop:
	VLD1   (R0), [V0.S4]
	VLD1.P 16(R1), [V1.S4]
	VLD1.P 16(R2), [V2.S4]
	FMUL(3, 2, 2)
	FMUL(2, 1, 1)
	FADD(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB    $1, R3
	CBNZ   R3, loop
	RET

// func swigluBackwardNEON(dgate, dup, dact, sigmoid, gate, up *float32, blocks int)
//
//	for i := range 4 * blocks {
//		g, s, d := gate[i], sigmoid[i], dact[i]
//		slope := float32(s * float32(1+float32(g*float32(1-s))))
//		dgate[i] = float32(d*up[i]) * slope
//		dup[i] = d * float32(g*s)
//	}
TEXT ·swigluBackwardNEON(SB), NOSPLIT, $0-56
	MOVD  dgate+0(FP), R0
	MOVD  dup+8(FP), R1
	MOVD  dact+16(FP), R2
	MOVD  sigmoid+24(FP), R3
	MOVD  gate+32(FP), R4
	MOVD  up+40(FP), R5
	MOVD  blocks+48(FP), R6
	FMOVS $1.0, F5
	VDUP  V5.S[0], V5.S4

loop:
	VLD1.P 16(R2), [V0.S4] // d
	VLD1.P 16(R3), [V1.S4] // s
	VLD1.P 16(R4), [V2.S4] // g
	VLD1.P 16(R5), [V3.S4] // up
	FSUB(1, 5, 4)
	FMUL(4, 2, 4)
	FADD(4, 5, 4)
	FMUL(4, 1, 4)          // slope
	FMUL(3, 0, 3)
	FMUL(4, 3, 3)
	VST1.P [V3.S4], 16(R0)
	FMUL(1, 2, 2)
	FMUL(2, 0, 0)
	VST1.P [V0.S4], 16(R1)
	SUB    $1, R6
	CBNZ   R6, loop
	RET

// func turnNEON(low, high, cos, sin *float32, blocks int, sign float32)
//
//	for i := range 4 * blocks {
//		a, b, c, s := low[i], high[i], cos[i], sign*sin[i]
//		low[i] = float32(a*c) - float32(b*s)
//		high[i] = float32(b*c) + float32(a*s)
//	}
TEXT ·turnNEON(SB), NOSPLIT, $0-44
	MOVD  low+0(FP), R0
	MOVD  high+8(FP), R1
	MOVD  cos+16(FP), R2
	MOVD  sin+24(FP), R3
	MOVD  blocks+32(FP), R4
	MOVWU sign+40(FP), R5
	VDUP  R5, V6.S4

loop:
	VLD1   (R0), [V0.S4]   // a
	VLD1   (R1), [V1.S4]   // b
	VLD1.P 16(R2), [V2.S4] // c
	VLD1.P 16(R3), [V3.S4]
	FMUL(3, 6, 3)          // s
	FMUL(2, 0, 4)
	FMUL(3, 1, 5)
	FSUB(5, 4, 4)
	VST1.P [V4.S4], 16(R0)
	FMUL(2, 1, 1)
	FMUL(3, 0, 0)
	FADD(0, 1, 1)
	VST1.P [V1.S4], 16(R1)
	SUB    $1, R4
	CBNZ   R4, loop
	RET
