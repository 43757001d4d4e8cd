//go:build !noasm

#include "textflag.h"

// One row of a tile takes x·B: four fused products of four numbers.
#define PRODUCTS(a, x, c0, c1, c2, c3) \
	VLD1R (a), [x.S4]; \
	ADD   R4, a; \
	VFMLA V16.S4, x.S4, c0.S4; \
	VFMLA V17.S4, x.S4, c1.S4; \
	VFMLA V18.S4, x.S4, c2.S4; \
	VFMLA V19.S4, x.S4, c3.S4

// Four rows, whose elements of A are at R10 … R13, whose sums are in V0 … V15.
#define PRODUCTS4 \
	PRODUCTS(R10, V20, V0, V1, V2, V3); \
	PRODUCTS(R11, V21, V4, V5, V6, V7); \
	PRODUCTS(R12, V22, V8, V9, V10, V11); \
	PRODUCTS(R13, V23, V12, V13, V14, V15)

// Sixteen pairs of halves at R5 are two rows of B, the first in the upper halves, which
// V24 masks.
#define UPPER \
	VLD1 (R5), [V25.S4, V26.S4, V27.S4, V28.S4]; \
	ADD  R6, R5; \
	VAND V24.B16, V25.B16, V16.B16; \
	VAND V24.B16, V26.B16, V17.B16; \
	VAND V24.B16, V27.B16, V18.B16; \
	VAND V24.B16, V28.B16, V19.B16

#define LOWER \
	VSHL $16, V25.S4, V16.S4; \
	VSHL $16, V26.S4, V17.S4; \
	VSHL $16, V27.S4, V18.S4; \
	VSHL $16, V28.S4, V19.S4

#define UPPER_HALVES \
	MOVD $0xffff0000, R10; \
	VDUP R10, V24.S4

#define ZERO(v) VEOR v.B16, v.B16, v.B16

#define ZERO4(a, b, c, d) \
	ZERO(a); \
	ZERO(b); \
	ZERO(c); \
	ZERO(d)

#define ZERO16 \
	ZERO4(V0, V1, V2, V3); \
	ZERO4(V4, V5, V6, V7); \
	ZERO4(V8, V9, V10, V11); \
	ZERO4(V12, V13, V14, V15)

// Four rows of C, at R7.
#define LOAD4 \
	MOVD R7, R10; \
	VLD1 (R10), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	ADD  R8, R10; \
	VLD1 (R10), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	ADD  R8, R10; \
	VLD1 (R10), [V8.S4, V9.S4, V10.S4, V11.S4]; \
	ADD  R8, R10; \
	VLD1 (R10), [V12.S4, V13.S4, V14.S4, V15.S4]

#define STORE4 \
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7); \
	ADD  R8, R7; \
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R7); \
	ADD  R8, R7; \
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R7); \
	ADD  R8, R7; \
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R7); \
	ADD  R8, R7

// The rows of A from R2 on and of B, from their first elements on.
#define START \
	MOVD R2, R10; \
	ADD  R3, R10, R11; \
	ADD  R3, R11, R12; \
	ADD  R3, R12, R13; \
	MOVD b+40(FP), R5; \
	MOVD k+8(FP), R1

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
	ZERO16
	CBZ  R9, start
	LOAD4

start:
	START

step:
	VLD1 (R5), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD  R6, R5
	PRODUCTS4
	SUB  $1, R1
	CBNZ R1, step

	STORE4
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
	ZERO4(V0, V1, V2, V3)
	CBZ  R9, start
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

start:
	START

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

// func tile4HalfNEON(tiles, k int, a *float32, aRow, aCol int, b *uint32, bRow int, c *float32, cRow int, accumulate bool)
//
// tile4NEON with halved rows of B: rows kk and kk + 1 are those of widen(b[kk/2*bRow:]).
TEXT ·tile4HalfNEON(SB), NOSPLIT, $0-73
	ARGUMENTS
	UPPER_HALVES

tile:
	ZERO16
	CBZ  R9, start
	LOAD4

start:
	START

step:
	UPPER
	PRODUCTS4
	SUB  $1, R1
	CBZ  R1, store
	LOWER
	PRODUCTS4
	SUB  $1, R1
	CBNZ R1, step

store:
	STORE4
	ADD  R3<<2, R2
	SUB  $1, R0
	CBNZ R0, tile
	RET

// func tile1HalfNEON(tiles, k int, a *float32, aRow, aCol int, b *uint32, bRow int, c *float32, cRow int, accumulate bool)
//
// tile4HalfNEON with one row in place of four.
TEXT ·tile1HalfNEON(SB), NOSPLIT, $0-73
	ARGUMENTS
	UPPER_HALVES

tile:
	ZERO4(V0, V1, V2, V3)
	CBZ  R9, start
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

start:
	START

step:
	UPPER
	PRODUCTS(R10, V20, V0, V1, V2, V3)
	SUB  $1, R1
	CBZ  R1, store
	LOWER
	PRODUCTS(R10, V20, V0, V1, V2, V3)
	SUB  $1, R1
	CBNZ R1, step

store:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)
	ADD  R8, R7
	ADD  R3, R2
	SUB  $1, R0
	CBNZ R0, tile
	RET

// func peakNEON(turns int)
//
// Sixteen fused products of four numbers a turn, in registers alone.
TEXT ·peakNEON(SB), NOSPLIT, $0-8
	MOVD turns+0(FP), R0
	ZERO16
	ZERO4(V16, V17, V18, V19)
	ZERO4(V20, V21, V22, V23)

turn:
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	VFMLA V16.S4, V21.S4, V4.S4
	VFMLA V17.S4, V21.S4, V5.S4
	VFMLA V18.S4, V21.S4, V6.S4
	VFMLA V19.S4, V21.S4, V7.S4
	VFMLA V16.S4, V22.S4, V8.S4
	VFMLA V17.S4, V22.S4, V9.S4
	VFMLA V18.S4, V22.S4, V10.S4
	VFMLA V19.S4, V22.S4, V11.S4
	VFMLA V16.S4, V23.S4, V12.S4
	VFMLA V17.S4, V23.S4, V13.S4
	VFMLA V18.S4, V23.S4, V14.S4
	VFMLA V19.S4, V23.S4, V15.S4
	SUB   $1, R0
	CBNZ  R0, turn
	RET
