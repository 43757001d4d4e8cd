package diagnose

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// save writes a folder of tensors, values by name, of one type.
func save(t testing.TB, dtype safetensors.DType, tensors map[string][]float32, shapes map[string][]int) string {
	t.Helper()
	var list []safetensors.Tensor
	for name, values := range tensors {
		data, err := safetensors.Encode(nil, dtype, values)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, safetensors.Tensor{Name: name, DType: dtype, Shape: shapes[name], Data: data})
	}
	dir := t.TempDir()
	if err := safetensors.Write(filepath.Join(dir, safetensors.SingleFile), list, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

const (
	weights = "model.layers.1.mlp.up_proj.weight"
	vector  = "model.norm.weight"
)

var shapes = map[string][]int{weights: {3, 4}, vector: {5}}

// A pair whose every change is known: counted exactly, in each type.
func TestCountsOfAKnownPair(t *testing.T) {
	before := map[string][]float32{weights: {1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0}, vector: {1, 1, 1, 1, 1}}
	after := map[string][]float32{
		weights: {1, 1 + 0x1p-7, 1 - 0x1p-8, 1, 2, 2, 2, -2, 0x1p-20, 0x1p-16, float32(math.Copysign(0, -1)), 0},
		vector:  {1, 1, 1, 1, 1},
	}
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.BF16, safetensors.F16} {
		d, err := Folders(t.Context(), save(t, dtype, before, shapes), save(t, dtype, after, shapes), Options{Ranks: true})
		if err != nil {
			t.Fatal(err)
		}
		// Changed: 1 + 2⁻⁷, 1 − 2⁻⁸, −2, 2⁻²⁰ (below 1e-5) and 2⁻¹⁶ (above); −0 is 0.
		want := Counts{Parameters: 17, Bits: 5, Abs: 4, Rel: 5}
		if diff := cmp.Diff(want, d.Total.Counts); diff != "" {
			t.Errorf("%s: %s", dtype, diff)
		}
		if got := d.Total.Sparsity.Bits; math.Abs(float64(got)-12.0/17) > 1e-15 {
			t.Errorf("%s: sparsity %v", dtype, got)
		}
		if len(d.Tensors) != 2 || d.Tensors[0].Kind != "up_proj" || d.Tensors[0].Layer != 1 || *d.Tensors[0].Rank != 3 || d.Tensors[1].Rank != nil {
			t.Errorf("%s: tensors %+v", dtype, d.Tensors)
		}
	}
}

// Whatever the numbers, halves are compared as single numbers are, and equal folders have
// changed nothing.
func TestHalvesAreComparedOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SliceOfN(rapid.Uint16(), 0, 40).Draw(t, "before")
		other := slices.Clone(bits)
		for i := range other {
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				other[i] = rapid.Uint16().Draw(t, "after")
			case 1:
				other[i] ^= 1 << rapid.IntRange(0, 15).Draw(t, "bit")
			case 2: // about 1e-5
				bits[i], other[i] = 0x3700|rapid.Uint16Range(0, 255).Draw(t, "small"), rapid.Uint16Range(0x3000, 0x3730).Draw(t, "smaller")
			}
		}
		raw := func(x []uint16) (out []byte) {
			for _, v := range x {
				out = binary.LittleEndian.AppendUint16(out, v)
			}
			return out
		}
		var fast, slow Counts
		err := fast.halves(raw(bits), raw(other), 0)
		var slowErr error
		for i := range bits {
			if slowErr = slow.compare(half(bits[i]), half(other[i]), i); slowErr != nil {
				break
			}
		}
		if (err == nil) != (slowErr == nil) || err != nil && err.Error() != slowErr.Error() || err == nil && fast != slow {
			t.Fatalf("%+v (%v) many at a time, %+v (%v) one by one", fast, err, slow, slowErr)
		}
	})
}

// A share is of the larger of two numbers: 1.0010005 is within a thousandth of itself from 1,
// not of 1. A difference that float32 does not hold is an error, in each type.
func TestCountsAtTheEdges(t *testing.T) {
	one := func(dtype safetensors.DType, before, after float32) (Counts, error) {
		shape := map[string][]int{weights: {2, 2}}
		of := func(x float32) string {
			return save(t, dtype, map[string][]float32{weights: {x, 1, 1, 1}}, shape)
		}
		d, err := Folders(t.Context(), of(before), of(after), Options{Ranks: true})
		return d.Total.Counts, err
	}
	if c, err := one(safetensors.F32, 1, 1.0010005); err != nil || c.Bits != 1 || c.Rel != 0 {
		t.Errorf("%+v (%v)", c, err)
	}
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.BF16} {
		if _, err := one(dtype, 0x1p127, -0x1p127); err == nil || !strings.Contains(err.Error(), "element 0") {
			t.Errorf("%s: 2¹²⁷ before and −2¹²⁷ after: %v", dtype, err)
		}
	}
}

// Two trainings of known masks overlap as counted by hand; a training overlaps itself wholly.
func TestOverlapOfKnownMasks(t *testing.T) {
	n := 100
	shape := map[string][]int{weights: {10, 10}}
	base, first, second := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		base[i] = 1
		first[i], second[i] = 1, 1
		if i < 40 {
			first[i] = 2 // 40 changed
		}
		if i >= 30 && i < 60 {
			second[i] = 0 // 30 changed, 10 in common, in the opposite direction
		}
	}
	dirs := make([]string, 3)
	for i, x := range [][]float32{base, first, second} {
		dirs[i] = save(t, safetensors.BF16, map[string][]float32{weights: x}, shape)
	}
	pairs, err := Overlaps(t.Context(), dirs[0], []string{dirs[1], dirs[2], dirs[1]}, Options{})
	if err != nil || len(pairs) != 3 {
		t.Fatalf("%v (%v)", pairs, err)
	}
	near := func(name string, got Float, want float64) {
		if math.Abs(float64(got)-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	p := pairs[0]
	near("o1", p.O1, 10.0/40)
	near("o2", p.O2, 10.0/30)
	near("jaccard", p.Jaccard, 10.0/60)
	near("cosine", p.Cosine, -10/math.Sqrt(40*30))
	near("chance of o1", p.Chance.O1, 0.3)
	near("chance of o2", p.Chance.O2, 0.4)
	near("chance of jaccard", p.Chance.Jaccard, 0.12/0.58)
	itself := pairs[1]
	near("o1 with itself", itself.O1, 1)
	near("cosine with itself", itself.Cosine, 1)
}

func TestFoldersThatCannotBeCompared(t *testing.T) {
	good := map[string][]float32{weights: make([]float32, 12), vector: make([]float32, 5)}
	nan := map[string][]float32{weights: make([]float32, 12), vector: {0, 0, float32(math.NaN()), 0, 0}}
	base := save(t, safetensors.BF16, good, shapes)
	for name, c := range map[string]struct {
		tuned string
		want  []string
	}{
		"another shape":    {save(t, safetensors.BF16, good, map[string][]int{weights: {4, 3}, vector: {5}}), []string{weights, "[4 3]", "[3 4]"}},
		"another type":     {save(t, safetensors.F32, good, shapes), []string{weights, "F32", "BF16", "--dtype"}},
		"a tensor less":    {save(t, safetensors.BF16, map[string][]float32{weights: make([]float32, 12)}, shapes), []string{vector}},
		"a tensor more":    {save(t, safetensors.BF16, map[string][]float32{weights: good[weights], vector: good[vector], "x": {1}}, map[string][]int{weights: {3, 4}, vector: {5}, "x": {1}}), []string{"no tensor x"}},
		"no number":        {save(t, safetensors.BF16, nan, shapes), []string{vector, "element 2", "no number"}},
		"no folder at all": {filepath.Join(t.TempDir(), "nowhere"), []string{"nowhere"}},
	} {
		_, err := Folders(t.Context(), base, c.tuned, Options{})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, w := range append(c.want, c.tuned) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: the error does not name %q: %v", name, w, err)
			}
		}
	}
	both := save(t, safetensors.BF16, nan, shapes)
	if _, err := Folders(t.Context(), both, both, Options{}); err == nil || !strings.Contains(err.Error(), "element 2") {
		t.Errorf("a weight that is no number in both: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Folders(ctx, base, base, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// What is found does not depend on the threads.
func TestThreadsFindTheSame(t *testing.T) {
	const m, width = 90, 547
	n := m * width // some blocks, and a part of one
	a, b := make([]float32, n), make([]float32, n)
	for i, x := range normals(1, n) {
		a[i], b[i] = float32(x), float32(x)
		if i%3 == 0 {
			b[i] += 0.01
		}
	}
	shape := map[string][]int{vector: {n}, weights: {m, width}}
	base := save(t, safetensors.F32, map[string][]float32{vector: a, weights: a}, shape)
	tuned := save(t, safetensors.F32, map[string][]float32{vector: b, weights: b}, shape)
	var found []Diff
	var pairs [][]Pair
	for _, threads := range []int{1, 4} {
		d, err := Folders(t.Context(), base, tuned, Options{Ranks: true, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Overlaps(t.Context(), base, []string{tuned, tuned}, Options{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		found, pairs = append(found, d), append(pairs, p)
	}
	if diff := cmp.Diff(found[0], found[1], cmp.Comparer(sameFloat)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(pairs[0], pairs[1]); diff != "" {
		t.Error(diff)
	}
}

func sameFloat(a, b Float) bool { return a == b || a != a && b != b }

func BenchmarkFolders(b *testing.B) {
	n := 1 << 26
	raw := make([]byte, 2*n)
	for i := range n {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(0x3c00+i*7919%512))
	}
	other := slices.Clone(raw)
	for i := 0; i < n; i += 5 { // a fifth changed
		other[2*i] ^= 1
	}
	dirs := [2]string{b.TempDir(), b.TempDir()}
	for i, data := range [][]byte{raw, other} {
		t := safetensors.Tensor{Name: vector, DType: safetensors.BF16, Shape: []int{n}, Data: data}
		if err := safetensors.Write(filepath.Join(dirs[i], safetensors.SingleFile), []safetensors.Tensor{t}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(4 * n))
		buffer := make([]byte, 1<<20)
		for b.Loop() {
			for _, dir := range dirs {
				f, err := os.Open(filepath.Join(dir, safetensors.SingleFile))
				if err != nil {
					b.Fatal(err)
				}
				for {
					if m, err := f.Read(buffer); m == 0 || err != nil {
						break
					}
				}
				f.Close()
			}
		}
	})
	b.Run("sparsity", func(b *testing.B) {
		b.SetBytes(int64(4 * n))
		for b.Loop() {
			if _, err := Folders(b.Context(), dirs[0], dirs[1], Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
