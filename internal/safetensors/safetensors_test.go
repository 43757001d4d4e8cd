package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestReferenceFile(t *testing.T) {
	f, err := Read("testdata/reference.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"bf16", "empty", "f16", "f32", "f64", "i64", `naïve "name" <&>`, "scalar"}
	if diff := cmp.Diff(names, f.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"format": "pt", "note": "<&>"}, f.Metadata); diff != "" {
		t.Error(diff)
	}
	negativeZero := float32(math.Copysign(0, -1))
	inf := float32(math.Inf(1))
	values := []float32{0, negativeZero, 1, -2.5, 65504, 0x1p-14, 0x1p-24, inf, -inf, float32(math.NaN())}
	for _, c := range []struct {
		name  string
		shape []int
		want  []float32
	}{
		{"f64", []int{10}, values},
		{"f32", []int{2, 5}, values},
		{"f16", []int{10}, values},
		{"bf16", []int{6}, []float32{0, negativeZero, 1, -2.5, 0x1p-133, inf}},
		{"scalar", []int{}, []float32{0.5}},
		{"empty", []int{3, 0}, []float32{}},
		{`naïve "name" <&>`, []int{1}, []float32{7}},
	} {
		tensor, found := f.Tensor(c.name)
		if !found {
			t.Errorf("%s is missing", c.name)
			continue
		}
		got, err := tensor.Float32s()
		if err != nil {
			t.Error(err)
		}
		if !slices.Equal(tensor.Shape, c.shape) || !slices.EqualFunc(got, c.want, sameBits) {
			t.Errorf("%s: %v %v, want %v %v", c.name, tensor.Shape, got, c.shape, c.want)
		}
	}
	integers, _ := f.Tensor("i64")
	if _, err := integers.Float32s(); err == nil || !strings.Contains(err.Error(), `"i64"`) {
		t.Errorf("Float32s of integers: error %v, want one that names the tensor", err)
	}
	if _, found := f.Tensor("absent"); found {
		t.Error("found a tensor that is not there")
	}
}

// sameBits is equality that tells -0 from 0 and takes any NaN for another.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// A float16 is its fraction times a power of two: checked for all 2¹⁶ of them.
func TestHalfIsExact(t *testing.T) {
	for h := range 1 << 16 {
		got := fromHalf(uint16(h))
		exponent, fraction := h>>10&31, h&1023
		want := math.Ldexp(float64(1024+fraction), exponent-25)
		switch {
		case exponent == 0:
			want = math.Ldexp(float64(fraction), -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = math.Copysign(want, -1)
		}
		if !sameBits(got, float32(want)) {
			t.Fatalf("half %04x is %v, want %v", h, got, want)
		}
	}
}

func TestWriteThenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	rapid.Check(t, func(t *rapid.T) {
		tensors := rapid.SliceOfNDistinct(tensorGenerator(), 0, 6, func(t Tensor) string { return t.Name }).Draw(t, "tensors")
		if err := Write(path, tensors, map[string]string{"epoch": "3"}); err != nil {
			t.Fatal(err)
		}
		first, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"epoch": "3", "format": "pt"}, f.Metadata); diff != "" {
			t.Fatal(diff)
		}
		got := slices.SortedFunc(slices.Values(f.Tensors), inFile)
		want := slices.SortedFunc(slices.Values(tensors), inFile)
		if diff := cmp.Diff(want, got); len(want) > 0 && diff != "" {
			t.Fatal(diff)
		}
		slices.Reverse(tensors)
		if err := Write(path, tensors, f.Metadata); err != nil {
			t.Fatal(err)
		}
		if second, _ := os.ReadFile(path); !bytes.Equal(first, second) {
			t.Fatal("the bytes depend on the order in which tensors are given")
		}
		if n := binary.LittleEndian.Uint64(first); n%8 != 0 {
			t.Fatalf("the header has %d bytes, not a multiple of 8", n)
		}
	})
}

func tensorGenerator() *rapid.Generator[Tensor] {
	return rapid.Custom(func(t *rapid.T) Tensor {
		tensor := Tensor{
			Name:  rapid.StringN(0, 12, -1).Draw(t, "name"),
			DType: rapid.SampledFrom([]DType{F64, F32, F16, BF16, "U8", "BOOL"}).Draw(t, "dtype"),
			Shape: rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape"),
		}
		n, _ := byteLength(tensor.DType, tensor.Shape)
		tensor.Data = rapid.SliceOfN(rapid.Byte(), int(n), int(n)).Draw(t, "data")
		return tensor
	})
}

func TestFloat32TensorRoundTrip(t *testing.T) {
	values := []float32{1, -2, float32(math.Inf(-1)), 0x1p-149, 5, 6}
	got, err := Float32Tensor("w", []int{2, 3}, values).Float32s()
	if err != nil || !slices.EqualFunc(got, values, sameBits) {
		t.Errorf("%v (%v), want %v", got, err, values)
	}
}

func TestWriteRefuses(t *testing.T) {
	one := Float32Tensor("a", []int{1}, []float32{1})
	for name, c := range map[string]struct {
		tensors []Tensor
		want    string
	}{
		"twice":    {[]Tensor{one, one}, "given twice"},
		"length":   {[]Tensor{{Name: "a", DType: F32, Shape: []int{2}, Data: make([]byte, 4)}}, "needs 8 bytes, got 4"},
		"dtype":    {[]Tensor{{Name: "a", DType: "F7"}}, `unknown dtype "F7"`},
		"negative": {[]Tensor{{Name: "a", DType: F32, Shape: []int{-1}}}, "negative"},
		"reserved": {[]Tensor{Float32Tensor("__metadata__", []int{0}, nil)}, "cannot hold this name"},
		"utf-8":    {[]Tensor{Float32Tensor("\xff", []int{0}, nil)}, "cannot hold this name"},
	} {
		path := filepath.Join(t.TempDir(), "model.safetensors")
		err := Write(path, c.tensors, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with the path and %q", name, err, c.want)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
			t.Errorf("%s: left %v behind", name, left)
		}
	}
}

func TestWriteKeepsTheOldFileOnFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := Write(path, []Tensor{Float32Tensor("a", []int{1}, []float32{1})}, nil); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []Tensor{{Name: "b", DType: "F7"}}, nil); err == nil {
		t.Fatal("no error")
	}
	f, err := Read(path)
	if err != nil || !slices.Equal(f.Names(), []string{"a"}) {
		t.Errorf("after a failed write: %v, %v", f, err)
	}
}

// Every float16 and bfloat16 comes back, and what lies between two goes to the nearer one.
func TestEncodeRoundsToNearest(t *testing.T) {
	for h := range 1 << 16 {
		for dtype, widen := range map[DType]func(uint16) float32{
			F16: fromHalf, BF16: func(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) },
		} {
			x := widen(uint16(h))
			next := widen(uint16(h) + 1)
			if x != x || next != next || h&0x7fff == 0x7fff {
				continue
			}
			between := float32((float64(x)*3 + float64(next)) / 4)
			if math.IsInf(float64(next), 0) || math.IsInf(float64(x), 0) {
				between = x
			}
			for _, v := range []float32{x, between} {
				raw, err := Encode(nil, dtype, []float32{v})
				if err != nil {
					t.Fatalf("%s of %v: %v", dtype, v, err)
				}
				if got := binary.LittleEndian.Uint16(raw); got != uint16(h) {
					t.Fatalf("%s of %v is %04x, want %04x", dtype, v, got, h)
				}
			}
		}
	}
	if _, err := Encode(nil, F16, []float32{65520}); err == nil {
		t.Error("65520 fits in F16")
	}
	if _, err := Encode(nil, "I8", []float32{1}); err == nil {
		t.Error("a float was written as I8")
	}
}
