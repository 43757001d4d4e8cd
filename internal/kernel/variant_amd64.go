//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// The variants of amd64; a machine that has one has those before it.
const (
	portable = iota
	avx2
	avx512
	avx512bf16
)

var variants = []string{"portable", "avx2", "avx512", "avx512bf16"}[:fastest()+1]

func fastest() int {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return portable
	case !x.HasBMI2 || !x.HasAVX512F || !x.HasAVX512VL || !x.HasAVX512DQ || !x.HasAVX512BW:
		return avx2
	case !x.HasAVX512BF16:
		return avx512
	default:
		return avx512bf16
	}
}
