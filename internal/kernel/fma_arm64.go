package kernel

// fma compiles to one FMADDS: the compiler fuses a product that feeds an addition
// in the same expression. A test holds it against fmaExact.
func fma(a, b, c float32) float32 { return a*b + c }
