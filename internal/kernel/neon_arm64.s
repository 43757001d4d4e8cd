//go:build !noasm

#include "textflag.h"

// The assembler lacks the vector forms of
//   fmul d.4s, n.4s, m.4s
//   fadd d.4s, n.4s, m.4s
#define FMUL(m, n, d) WORD $(0x6e20dc00 | m<<16 | n<<5 | d)
#define FADD(m, n, d) WORD $(0x4e20d400 | m<<16 | n<<5 | d)

// One row of a tile takes x·B: four fused products of four numbers.
#define PRODUCTS(a, x, c0, c1, c2, c3) \
	VLD1R (a), [x.S4]; \
	ADD   R4, a; \
	VFMLA V16.S4, x.S4, c0.S4; \
	VFMLA V17.S4, x.S4, c1.S4; \
	VFMLA V18.S4, x.S4, c2.S4; \
	VFMLA V19.S4, x.S4, c3.S4

#define ZERO(v) VEOR v.B16, v.B16, v.B16

#define ARGUMENTS \
	MOVD  tiles+0(FP), R0; \
	MOVD  a+16(FP), R2; \
	MOVD  aRow+24(FP), R3; \
	MOVD  aCol+32(FP), R4; \
	MOVD  bRow+48(FP), R6; \
	MOVD  c+56(FP), R7; \
	MOVD  cRow+64(FP), R8; \
	MOVBU accumulate+72(FP), R9; \
	LSL   $2, R3; \
	LSL   $2, R4; \
	LSL   $2, R6; \
	LSL   $2, R8

// func tile4NEON(tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool)
//
//	for range tiles {
//		t := [4][16]float32{} // or C, in V0-V15
//		for kk := range k {
//			for i := range 4 {
//				for j := range 16 {
//					t[i][j] = fma(a[i*aRow+kk*aCol], b[kk*bRow+j], t[i][j])
//				}
//			}
//		}
//		for i := range 4 {
//			copy(c[i*cRow:], t[i][:])
//		}
//		a, c = a[4*aRow:], c[4*cRow:]
//	}
TEXT ·tile4NEON(SB), NOSPLIT, $0-73
	ARGUMENTS

tile:
	CBZ  R9, zero
	MOVD R7, R10
	VLD1 (R10), [V0.S4, V1.S4, V2.S4, V3.S4]
	ADD  R8, R10
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]
	ADD  R8, R10
	VLD1 (R10), [V8.S4, V9.S4, V10.S4, V11.S4]
	ADD  R8, R10
	VLD1 (R10), [V12.S4, V13.S4, V14.S4, V15.S4]
	B    start

zero:
	ZERO(V0)
	ZERO(V1)
	ZERO(V2)
	ZERO(V3)
	ZERO(V4)
	ZERO(V5)
	ZERO(V6)
	ZERO(V7)
	ZERO(V8)
	ZERO(V9)
	ZERO(V10)
	ZERO(V11)
	ZERO(V12)
	ZERO(V13)
	ZERO(V14)
	ZERO(V15)

start:
	MOVD R2, R10
	ADD  R3, R10, R11
	ADD  R3, R11, R12
	ADD  R3, R12, R13
	MOVD b+40(FP), R5
	MOVD k+8(FP), R1

step:
	VLD1 (R5), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD  R6, R5
	PRODUCTS(R10, V20, V0, V1, V2, V3)
	PRODUCTS(R11, V21, V4, V5, V6, V7)
	PRODUCTS(R12, V22, V8, V9, V10, V11)
	PRODUCTS(R13, V23, V12, V13, V14, V15)
	SUB  $1, R1
	CBNZ R1, step

	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)
	ADD  R8, R7
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R7)
	ADD  R8, R7
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R7)
	ADD  R8, R7
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R7)
	ADD  R8, R7
	ADD  R3<<2, R2
	SUB  $1, R0
	CBNZ R0, tile
	RET

// func tile1NEON(tiles, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int, accumulate bool)
//
// tile4NEON with one row in place of four.
TEXT ·tile1NEON(SB), NOSPLIT, $0-73
	ARGUMENTS

tile:
	ZERO(V0)
	ZERO(V1)
	ZERO(V2)
	ZERO(V3)
	CBZ  R9, start
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

start:
	MOVD R2, R10
	MOVD b+40(FP), R5
	MOVD k+8(FP), R1

step:
	VLD1 (R5), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD  R6, R5
	PRODUCTS(R10, V20, V0, V1, V2, V3)
	SUB  $1, R1
	CBNZ R1, step

	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)
	ADD  R8, R7
	ADD  R3, R2
	SUB  $1, R0
	CBNZ R0, tile
	RET

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
