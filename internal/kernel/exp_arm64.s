//go:build !noasm

#include "textflag.h"
#include "neon_arm64.h"

// What EXP needs, in the order of its registers.
DATA exponential<>+0(SB)/4, $1.44269504088896341
DATA exponential<>+4(SB)/4, $12582912.0
DATA exponential<>+8(SB)/4, $0.693359375
DATA exponential<>+12(SB)/4, $-2.12194440e-4
DATA exponential<>+16(SB)/4, $1.9875691500e-4
DATA exponential<>+20(SB)/4, $1.3981999507e-3
DATA exponential<>+24(SB)/4, $8.3334519073e-3
DATA exponential<>+28(SB)/4, $4.1665795894e-2
DATA exponential<>+32(SB)/4, $1.6666665459e-1
DATA exponential<>+36(SB)/4, $5.0000001201e-1
DATA exponential<>+40(SB)/4, $1.0
DATA exponential<>+44(SB)/4, $-87.33654
DATA exponential<>+48(SB)/4, $88.72283
DATA exponential<>+52(SB)/4, $0x7f800000
GLOBL exponential<>(SB), RODATA|NOPTR, $56

#define LOG2E 16
#define ROUND 17
#define LN2HIGH 18
#define LN2LOW 19
#define HORNER0 20
#define HORNER1 21
#define HORNER2 22
#define HORNER3 23
#define HORNER4 24
#define HORNER5 25
#define ONE 26
#define LOW 27
#define HIGH 28
#define INFINITY 29

#define EXP_CONSTANTS(at) \
	MOVD    $exponential<>(SB), at; \
	VLD1R.P 4(at), [V16.S4]; \
	VLD1R.P 4(at), [V17.S4]; \
	VLD1R.P 4(at), [V18.S4]; \
	VLD1R.P 4(at), [V19.S4]; \
	VLD1R.P 4(at), [V20.S4]; \
	VLD1R.P 4(at), [V21.S4]; \
	VLD1R.P 4(at), [V22.S4]; \
	VLD1R.P 4(at), [V23.S4]; \
	VLD1R.P 4(at), [V24.S4]; \
	VLD1R.P 4(at), [V25.S4]; \
	VLD1R.P 4(at), [V26.S4]; \
	VLD1R.P 4(at), [V27.S4]; \
	VLD1R.P 4(at), [V28.S4]; \
	VLD1R.P 4(at), [V29.S4]

// What EXP overwrites: n, r and a mask or a product.
#define N 30
#define R 31
#define T 15

// EXP is p = Exp(x): the operations of the portable function, in its order, none fused;
// then the two ends of the range. What is not a number remains so all the way. 2ⁿ is
// made of two factors, since 2¹²⁸ is not a float32: an exponent is added to the bits of
// one.
#define EXP(x, p) \
	FMUL(LOG2E, x, N); \
	FADD(ROUND, N, N); \
	FSUB(ROUND, N, N); \
	FMUL(LN2HIGH, N, T); \
	FSUB(T, x, R); \
	FMUL(LN2LOW, N, T); \
	FSUB(T, R, R); \
	FMUL(R, HORNER0, p); \
	FADD(HORNER1, p, p); \
	FMUL(R, p, p); \
	FADD(HORNER2, p, p); \
	FMUL(R, p, p); \
	FADD(HORNER3, p, p); \
	FMUL(R, p, p); \
	FADD(HORNER4, p, p); \
	FMUL(R, p, p); \
	FADD(HORNER5, p, p); \
	FMUL(R, R, T); \
	FMUL(T, p, p); \
	FADD(R, p, p); \
	FADD(ONE, p, p); \
	FCVTZS(N, N); \
	HALVE4(N, T); \
	SUB4(T, N, N); \
	EXPONENT4(T, T); \
	ADD4(ONE, T, T); \
	FMUL(T, p, p); \
	EXPONENT4(N, N); \
	ADD4(ONE, N, N); \
	FMUL(N, p, p); \
	FCMGT(x, LOW, T); \
	BIC(T, p, p); \
	FCMGT(HIGH, x, T); \
	BIT(T, INFINITY, p)

// Four numbers of a row, whose sums are one vector.
#define EXP_SUM(sum) \
	VLD1.P 16(R1), [V5.S4]; \
	FSUB(4, 5, 5); \
	EXP(5, 6); \
	VST1.P [V6.S4], 16(R0); \
	FADD(6, sum, sum)

// func expSumNEON(dst, x *float32, blocks int, shift float32, sums *[16]float32)
//
//	for i := range 16 * blocks {
//		dst[i] = Exp(x[i] - shift)
//		sums[i%16] += dst[i]
//	}
TEXT ·expSumNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  blocks+16(FP), R2
	MOVWU shift+24(FP), R3
	MOVD  sums+32(FP), R4
	VDUP  R3, V4.S4
	VLD1  (R4), [V0.S4, V1.S4, V2.S4, V3.S4]
	EXP_CONSTANTS(R5)

loop:
	EXP_SUM(0)
	EXP_SUM(1)
	EXP_SUM(2)
	EXP_SUM(3)
	SUB  $1, R2
	CBNZ R2, loop
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R4)
	RET

// func swigluNEON(act, sigmoid, gate, up *float32, blocks int)
//
//	for i := range 4 * blocks {
//		sigmoid[i] = 1 / (1 + Exp(-gate[i]))
//		act[i] = float32(gate[i]*sigmoid[i]) * up[i]
//	}
TEXT ·swigluNEON(SB), NOSPLIT, $0-40
	MOVD act+0(FP), R0
	MOVD sigmoid+8(FP), R1
	MOVD gate+16(FP), R2
	MOVD up+24(FP), R3
	MOVD blocks+32(FP), R4
	EXP_CONSTANTS(R5)

loop:
	VLD1.P 16(R2), [V0.S4]
	VLD1.P 16(R3), [V1.S4]
	FNEG(0, 2)
	EXP(2, 3)
	FADD(ONE, 3, 3)
	FDIV(3, ONE, 3)
	VST1.P [V3.S4], 16(R1)
	FMUL(3, 0, 0)
	FMUL(1, 0, 0)
	VST1.P [V0.S4], 16(R0)
	SUB  $1, R4
	CBNZ R4, loop
	RET
