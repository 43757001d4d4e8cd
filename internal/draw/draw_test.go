package draw

import (
	"math"
	"testing"
)

// Known-answer vectors of the Random123 distribution (kat_vectors, philox4x64 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint64
		key     [2]uint64
		want    [4]uint64
	}{
		{
			[4]uint64{},
			[2]uint64{},
			[4]uint64{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b},
		},
		{
			[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)},
			[2]uint64{^uint64(0), ^uint64(0)},
			[4]uint64{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0},
		},
		{
			[4]uint64{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
			[2]uint64{0x452821e638d01377, 0xbe5466cf34e90c6c},
			[4]uint64{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6},
		},
	} {
		if got := philox(c.counter, c.key[0], c.key[1]); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestAddressesDiffer(t *testing.T) {
	seen := map[uint64]string{}
	add := func(name string, s Source) {
		x := s.Uint64(0)
		if other, ok := seen[x]; ok {
			t.Errorf("%s and %s give the same draw", name, other)
		}
		seen[x] = name
	}
	root := New(1, "sample")
	add("root", root)
	add("other purpose", New(1, "shuffle"))
	add("other seed", New(2, "sample"))
	add("child 0", root.At(0))
	add("child 1", root.At(1))
	add("grandchild", root.At(0, 1))
	add("swapped grandchild", root.At(1, 0))
	add("named", root.Named("x"))
}

func TestMoments(t *testing.T) {
	const n = 200_000
	s := New(7, "moments")
	var u, z, zz float64
	for i := range uint64(n) {
		u += s.Float64(i)
		x := s.Normal(i)
		z += x
		zz += x * x
	}
	// Five standard errors: √(1/12n), √(1/n), √(2/n).
	for _, c := range []struct {
		name, unit       string
		got, want, bound float64
	}{
		{"uniform mean", "", u / n, 0.5, 5 * math.Sqrt(1.0/12/n)},
		{"normal mean", "", z / n, 0, 5 * math.Sqrt(1.0/n)},
		{"normal variance", "", zz / n, 1, 5 * math.Sqrt(2.0/n)},
	} {
		if math.Abs(c.got-c.want) > c.bound {
			t.Errorf("%s = %v, want %v ± %v", c.name, c.got, c.want, c.bound)
		}
	}
}

func TestPermIsUniform(t *testing.T) {
	counts := map[[3]int]int{}
	const n = 60_000
	for i := range uint64(n) {
		p := New(3, "perm").At(i).Perm(3)
		counts[[3]int(p)]++
	}
	if len(counts) != 6 {
		t.Fatalf("saw %d permutations of 3, want 6", len(counts))
	}
	for p, c := range counts {
		if math.Abs(float64(c)-n/6) > 5*math.Sqrt(n*5.0/36) {
			t.Errorf("permutation %v seen %d times of %d", p, c, n)
		}
	}
}
