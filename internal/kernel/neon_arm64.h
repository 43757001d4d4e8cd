// Vector instructions that the assembler lacks, by the numbers of their registers, the
// destination last. Each stands beside its mnemonic; a test assembles these and compares.

// Four float32.
#define FADD(m, n, d) WORD $(0x4e20d400 | m<<16 | n<<5 | d) // fadd d.4s, n.4s, m.4s
#define FSUB(m, n, d) WORD $(0x4ea0d400 | m<<16 | n<<5 | d) // fsub d.4s, n.4s, m.4s
#define FMUL(m, n, d) WORD $(0x6e20dc00 | m<<16 | n<<5 | d) // fmul d.4s, n.4s, m.4s
#define FDIV(m, n, d) WORD $(0x6e20fc00 | m<<16 | n<<5 | d) // fdiv d.4s, n.4s, m.4s
#define FNEG(n, d) WORD $(0x6ea0f800 | n<<5 | d) // fneg d.4s, n.4s
#define FCMGT(m, n, d) WORD $(0x6ea0e400 | m<<16 | n<<5 | d) // fcmgt d.4s, n.4s, m.4s
#define FCMEQ(m, n, d) WORD $(0x4e20e400 | m<<16 | n<<5 | d) // fcmeq d.4s, n.4s, m.4s
#define FCVTZS(n, d) WORD $(0x4ea1b800 | n<<5 | d) // fcvtzs d.4s, n.4s

// Two float64; those of FCVTL and FCVTN are the two float32 of a lower half.
#define FADD2(m, n, d) WORD $(0x4e60d400 | m<<16 | n<<5 | d) // fadd d.2d, n.2d, m.2d
#define FSUB2(m, n, d) WORD $(0x4ee0d400 | m<<16 | n<<5 | d) // fsub d.2d, n.2d, m.2d
#define FMUL2(m, n, d) WORD $(0x6e60dc00 | m<<16 | n<<5 | d) // fmul d.2d, n.2d, m.2d
#define FDIV2(m, n, d) WORD $(0x6e60fc00 | m<<16 | n<<5 | d) // fdiv d.2d, n.2d, m.2d
#define FSQRT2(n, d) WORD $(0x6ee1f800 | n<<5 | d) // fsqrt d.2d, n.2d
#define FCVTL(n, d) WORD $(0x0e617800 | n<<5 | d) // fcvtl d.2d, n.2s
#define FCVTN(n, d) WORD $(0x0e616800 | n<<5 | d) // fcvtn d.2s, n.2d

// Four int32.
#define ADD4(m, n, d) WORD $(0x4ea08400 | m<<16 | n<<5 | d) // add d.4s, n.4s, m.4s
#define SUB4(m, n, d) WORD $(0x6ea08400 | m<<16 | n<<5 | d) // sub d.4s, n.4s, m.4s
#define HALVE4(n, d) WORD $(0x4f3f0400 | n<<5 | d) // sshr d.4s, n.4s, #1
#define EXPONENT4(n, d) WORD $(0x4f375400 | n<<5 | d) // shl d.4s, n.4s, #23

// Bits: d = n without m; d = n where m is set.
#define BIC(m, n, d) WORD $(0x4e601c00 | m<<16 | n<<5 | d) // bic d.16b, n.16b, m.16b
#define BIT(m, n, d) WORD $(0x6ea01c00 | m<<16 | n<<5 | d) // bit d.16b, n.16b, m.16b
