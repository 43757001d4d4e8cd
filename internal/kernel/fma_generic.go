//go:build !arm64

package kernel

func fma(a, b, c float32) float32 { return fmaExact(a, b, c) }
