//go:build !noasm

#include "textflag.h"

// Lines a … d of four numbers become columns: a number of each.
#define TURN(a, b, c, d) \
	VZIP1 c.S4, a.S4, V16.S4; \
	VZIP2 c.S4, a.S4, V17.S4; \
	VZIP1 d.S4, b.S4, V18.S4; \
	VZIP2 d.S4, b.S4, V19.S4; \
	VZIP1 V18.S4, V16.S4, a.S4; \
	VZIP2 V18.S4, V16.S4, b.S4; \
	VZIP1 V19.S4, V17.S4, c.S4; \
	VZIP2 V19.S4, V17.S4, d.S4

// func transposeNEON(dst *float32, dstRow int, src *float32, srcRow, blocks int)
//
//	for j := range 4 * blocks {
//		for i := range 8 {
//			dst[j*dstRow+i] = src[i*srcRow+j]
//		}
//	}
TEXT ·transposeNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD dstRow+8(FP), R1
	MOVD src+16(FP), R2
	MOVD srcRow+24(FP), R3
	MOVD blocks+32(FP), R4
	LSL  $2, R1
	LSL  $2, R3

loop:
	MOVD R2, R5
	VLD1 (R5), [V0.S4]
	ADD  R3, R5
	VLD1 (R5), [V2.S4]
	ADD  R3, R5
	VLD1 (R5), [V4.S4]
	ADD  R3, R5
	VLD1 (R5), [V6.S4]
	ADD  R3, R5
	VLD1 (R5), [V1.S4]
	ADD  R3, R5
	VLD1 (R5), [V3.S4]
	ADD  R3, R5
	VLD1 (R5), [V5.S4]
	ADD  R3, R5
	VLD1 (R5), [V7.S4]
	ADD  $16, R2
	TURN(V0, V2, V4, V6)
	TURN(V1, V3, V5, V7)
	VST1 [V0.S4, V1.S4], (R0)
	ADD  R1, R0
	VST1 [V2.S4, V3.S4], (R0)
	ADD  R1, R0
	VST1 [V4.S4, V5.S4], (R0)
	ADD  R1, R0
	VST1 [V6.S4, V7.S4], (R0)
	ADD  R1, R0
	SUB  $1, R4
	CBNZ R4, loop
	RET

// func gather16NEON(dst, src *float32, stride, rows, panels int)
//
//	for i := range rows {
//		for p := range panels {
//			copy(dst[(p*rows+i)*16:][:16], src[i*stride+p*16:])
//		}
//	}
TEXT ·gather16NEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD panels+32(FP), R4
	LSL  $2, R2
	LSL  $6, R3, R5 // bytes of a panel

row:
	MOVD R0, R6
	MOVD R1, R7
	MOVD R4, R8

panel:
	VLD1.P 64(R7), [V0.S4, V1.S4, V2.S4, V3.S4]
	VST1   [V0.S4, V1.S4, V2.S4, V3.S4], (R6)
	ADD    R5, R6
	SUB    $1, R8
	CBNZ   R8, panel
	ADD    R2, R1
	ADD    $64, R0
	SUB    $1, R3
	CBNZ   R3, row
	RET

// func gather24NEON(dst, src *float32, stride, rows, panels int)
//
//	for i := range rows {
//		for p := range panels {
//			copy(dst[(p*rows+i)*24:][:24], src[i*stride+p*24:])
//		}
//	}
TEXT ·gather24NEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD panels+32(FP), R4
	LSL  $2, R2
	MOVD $96, R5
	MUL  R3, R5 // bytes of a panel

row:
	MOVD R0, R6
	MOVD R1, R7
	MOVD R4, R8

panel:
	VLD1.P 64(R7), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 32(R7), [V4.S4, V5.S4]
	MOVD   R6, R9
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R9)
	VST1   [V4.S4, V5.S4], (R9)
	ADD    R5, R6
	SUB    $1, R8
	CBNZ   R8, panel
	ADD    R2, R1
	ADD    $96, R0
	SUB    $1, R3
	CBNZ   R3, row
	RET
