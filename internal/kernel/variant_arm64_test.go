//go:build !noasm

package kernel

import (
	"slices"
	"testing"
)

func TestEveryVariantHereIsProven(t *testing.T) {
	if got, want := Variants(), []string{"portable", "neon"}; !slices.Equal(got, want) {
		t.Errorf("of %v only %v return the bits of the portable code", want, got)
	}
}
