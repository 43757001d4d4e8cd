//go:build !noasm

package kernel

import "testing"

// A variant that this machine has the instructions for returns the portable bits; what
// it lacks the instructions for has been assembled and vetted alone.
func TestEveryVariantHereIsProven(t *testing.T) {
	all := []string{"portable", "avx2", "avx512"}
	for i, name := range all {
		switch claimed := i <= fastest(); {
		case !claimed:
			t.Logf("%s: assembled and vetted, not run here", name)
		case i >= len(variants):
			t.Errorf("%s does not return the bits of the portable code", name)
		}
	}
}
