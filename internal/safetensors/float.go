package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Float32s returns the tensor's elements as float32 in a new slice. F16 and BF16
// convert exactly; F64 rounds to nearest. Other types are an error.
func (t Tensor) Float32s() ([]float32, error) {
	if err := t.CheckFloat(); err != nil {
		return nil, err
	}
	out := make([]float32, t.Elements())
	t.Floats(out, 0)
	return out, nil
}

// CheckFloat refuses a tensor that Floats cannot read.
func (t Tensor) CheckFloat() error {
	switch t.DType {
	case F64, F32, F16, BF16:
		return nil
	}
	return fmt.Errorf("tensor %q is of dtype %s, which is not a float that can be read: convert it to F32, F16 or BF16", t.Name, t.DType)
}

// Elements is how many numbers the tensor has.
func (t Tensor) Elements() int { return len(t.Data) / dtypeSizes[t.DType] }

// Floats converts len(dst) elements from a place on, as Float32s does.
func (t Tensor) Floats(dst []float32, from int) {
	le, n := binary.LittleEndian, len(dst)
	data := t.Data[from*dtypeSizes[t.DType]:]
	switch t.DType {
	case F64:
		for i := range n {
			dst[i] = float32(math.Float64frombits(le.Uint64(data[8*i:])))
		}
	case F32:
		for i, data := 0, data[:4*n]; i < n; i++ {
			dst[i] = math.Float32frombits(le.Uint32(data[4*i : 4*i+4]))
		}
	case F16:
		for i := range n {
			dst[i] = fromHalf(le.Uint16(data[2*i:]))
		}
	case BF16:
		for i, data := 0, data[:2*n]; i < n; i++ {
			dst[i] = math.Float32frombits(uint32(le.Uint16(data[2*i:2*i+2])) << 16)
		}
	}
}

// fromHalf widens an IEEE 754 binary16: 1 sign bit, 5 exponent bits with bias 15,
// 10 fraction bits. A subnormal is its fraction times 2⁻²⁴.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 31
	fraction := uint32(h) & 1023
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*(1.0/(1<<24))))
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// Float32Tensor makes an F32 tensor of values in row-major order. It panics if
// their number is not the product of the shape.
func Float32Tensor(name string, shape []int, values []float32) Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != len(values) {
		panic(fmt.Sprintf("safetensors: tensor %q of shape %v made of %d values", name, shape, len(values)))
	}
	data, _ := Encode(nil, F32, values)
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}

// Encode appends values as F32, or rounded to the nearest BF16 or F16, ties to even. One
// that is too large for F16 is an error.
func Encode(data []byte, dtype DType, values []float32) ([]byte, error) {
	le := binary.LittleEndian
	data = slices.Grow(data, len(values)*dtypeSizes[dtype])
	switch dtype {
	case F32:
		for _, v := range values {
			data = le.AppendUint32(data, math.Float32bits(v))
		}
	case BF16:
		for _, v := range values {
			data = le.AppendUint16(data, toBF16(v))
		}
	case F16:
		for _, v := range values {
			h := toHalf(v)
			if h&0x7fff == 0x7c00 && !math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("%v is beyond what F16 holds: choose BF16", v)
			}
			data = le.AppendUint16(data, h)
		}
	default:
		return nil, fmt.Errorf("dtype %s cannot be written: choose F32, BF16 or F16", dtype)
	}
	return data, nil
}

// toBF16 keeps the upper half of a float32, rounded; what is not a number stays one.
func toBF16(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// toHalf is the inverse of fromHalf, rounded.
func toHalf(v float32) uint16 {
	sign := uint16(math.Float32bits(v) >> 16 & 0x8000)
	a := math.Abs(float64(v))
	switch {
	case v != v:
		return sign | 0x7e00
	case a >= 65520: // halfway beyond the largest, 65504
		return sign | 0x7c00
	case a < 0x1p-14:
		return sign | uint16(math.RoundToEven(a*(1<<24)))
	}
	fraction, exponent := math.Frexp(a) // a = fraction·2^exponent, fraction in [½, 1)
	// A fraction that rounds up to 2048 carries into the exponent by itself.
	return sign | uint16((exponent+13)<<10+int(math.RoundToEven(fraction*2048)))
}
