// Package kernel holds the float32 primitives of the native engine.
//
// Every primitive is a portable Go function, which is its specification; some have
// assembly variants that return the same bits. The laws that make this possible:
//
//   - an output element's additions happen in one stated order, whatever the number
//     of rows, columns, threads or the variant: products add k ascending, each a
//     fused multiply-add; horizontal reductions use sixteen lanes and a fixed tree;
//   - nothing but products is fused: other expressions round after every operation;
//   - threads split outputs, never a sum.
//
// So a row's result does not depend on the batch it is computed in.
package kernel

import (
	"os"
	"sync/atomic"
)

// Variants lists the implementations this machine can run, slowest first.
func Variants() []string {
	if haveAVX2 {
		return []string{"portable", "avx2"}
	}
	return []string{"portable"}
}

var useAVX2 atomic.Bool

// Variant returns the implementation in use: the fastest there is, unless the
// environment variable NEGATIVA_KERNEL names another.
func Variant() string {
	if useAVX2.Load() {
		return "avx2"
	}
	return "portable"
}

// SetVariant selects an implementation by name and returns a function that restores
// the one before. It is a hook for tests and reports false for a name that is not
// in Variants.
func SetVariant(name string) (restore func(), ok bool) {
	before := useAVX2.Load()
	restore = func() { useAVX2.Store(before) }
	switch {
	case name == "portable":
		useAVX2.Store(false)
	case name == "avx2" && haveAVX2:
		useAVX2.Store(true)
	default:
		return restore, false
	}
	return restore, true
}

func init() {
	useAVX2.Store(haveAVX2)
	if name := os.Getenv("NEGATIVA_KERNEL"); name != "" {
		SetVariant(name)
	}
}
