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
	"slices"
	"sync/atomic"
)

// inUse is the variant in use: an index of variants, which each architecture lists
// slowest first.
var inUse atomic.Int32

// Variants lists the implementations this machine can run, slowest first.
func Variants() []string { return slices.Clone(variants) }

// Variant returns the implementation in use: the fastest there is, unless the
// environment variable NEGATIVA_KERNEL names another.
func Variant() string { return variants[inUse.Load()] }

// SetVariant selects an implementation by name and returns a function that restores
// the one before. It is a hook for tests and reports false for a name that is not
// in Variants.
func SetVariant(name string) (restore func(), ok bool) {
	before := inUse.Load()
	restore = func() { inUse.Store(before) }
	index := slices.Index(variants, name)
	if index < 0 {
		return restore, false
	}
	inUse.Store(int32(index))
	return restore, true
}

func init() {
	variants = prove(variants)
	inUse.Store(int32(len(variants) - 1))
	if name := os.Getenv("NEGATIVA_KERNEL"); name != "" {
		SetVariant(name)
	}
}
