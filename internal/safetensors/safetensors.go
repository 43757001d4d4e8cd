// Package safetensors reads and writes the safetensors format: eight bytes that
// give the length of a JSON header (little-endian), the header, then the bytes of
// all tensors without a gap.
//
// A file is untrusted input: whatever it holds, reading it gives tensors that
// match their header or an error that names what is wrong, and allocates no more
// than a small multiple of the file's true size.
//
// Source: https://huggingface.co/docs/safetensors (format) and the checks of the
// reference implementation.
package safetensors

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// maxHeader is the reference implementation's bound on the header, in bytes.
const maxHeader = 100_000_000

// DType is the type of a tensor's elements, as the header spells it.
type DType string

// The element types that Float32s converts. Other types of the format are read
// and written as bytes.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"  // IEEE 754 binary16
	BF16 DType = "BF16" // the upper half of an F32
)

var dtypeSizes = map[DType]int{
	F64: 8, "I64": 8, "U64": 8, "C64": 8,
	F32: 4, "I32": 4, "U32": 4,
	F16: 2, BF16: 2, "I16": 2, "U16": 2,
	"I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}

// Tensor is a named array in row-major order.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // empty for a scalar
	Data  []byte // little-endian; exactly as long as DType and Shape say
}

// File is the content of a safetensors file.
type File struct {
	Tensors  []Tensor          // sorted by name
	Metadata map[string]string // the header's "__metadata__"; nil if it has none
}

// Tensor returns the tensor with a name, and whether there is one.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, found := slices.BinarySearchFunc(f.Tensors, name, func(t Tensor, name string) int {
		return cmp.Compare(t.Name, name)
	})
	if !found {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// Names lists the file's tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, len(f.Tensors))
	for i, t := range f.Tensors {
		names[i] = t.Name
	}
	return names
}

// byteLength is the number of bytes that a tensor of this type and shape has.
func byteLength(dtype DType, shape []int) (int64, error) {
	size, known := dtypeSizes[dtype]
	if !known {
		return 0, fmt.Errorf("unknown dtype %q: convert the file to F32, F16 or BF16", dtype)
	}
	n := int64(size)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension: the writer of the file is broken", shape)
		}
		if d > 0 && n > math.MaxInt64/int64(d) {
			return 0, fmt.Errorf("shape %v has more elements than memory can hold: the writer of the file is broken", shape)
		}
		n *= int64(d)
	}
	return n, nil
}
