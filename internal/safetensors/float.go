package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Float32s returns the tensor's elements as float32 in a new slice. F16 and BF16
// convert exactly; F64 rounds to nearest. Other types are an error.
func (t Tensor) Float32s() ([]float32, error) {
	le := binary.LittleEndian
	switch t.DType {
	case F64:
		return convert(t.Data, 8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }), nil
	case F32:
		return convert(t.Data, 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }), nil
	case F16:
		return convert(t.Data, 2, func(b []byte) float32 { return fromHalf(le.Uint16(b)) }), nil
	case BF16:
		return convert(t.Data, 2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }), nil
	}
	return nil, fmt.Errorf("tensor %q is of dtype %s, which is not a float that can be read: convert it to F32, F16 or BF16", t.Name, t.DType)
}

func convert(data []byte, size int, element func([]byte) float32) []float32 {
	out := make([]float32, len(data)/size)
	for i := range out {
		out[i] = element(data[i*size:])
	}
	return out
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
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}
