package diagnose

import (
	"math"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa/internal/draw"
)

func normals(seed uint64, n int) []float64 {
	s, x := draw.New(seed, "test"), make([]float64, n)
	for i := range x {
		x[i] = s.Normal(uint64(i))
	}
	return x
}

// lowRank is the sum of r outer products of random vectors.
func lowRank(m, n, r int) []float64 {
	x := make([]float64, m*n)
	for k := range r {
		u, v := normals(uint64(2*k+1), m), normals(uint64(2*k+2), n)
		for i := range m {
			for j := range n {
				x[i*n+j] += u[i] * v[j]
			}
		}
	}
	return x
}

// spectrum is that of a difference alone.
func spectrum(delta []float64, m, n int) Spectrum {
	x := single(delta)
	s, _, _ := Options{Seed: 1}.spectra(dense(make([]float32, m*n), m, n), dense(x, m, n), x)
	return s
}

func single(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

func TestRankOfKnownMatrices(t *testing.T) {
	for _, size := range [][2]int{{60, 40}, {40, 60}, {50, 50}, {1, 9}} {
		m, n := size[0], size[1]
		for _, r := range []int{1, 3, min(m, n)} {
			if r > min(m, n) {
				continue
			}
			s := spectrum(lowRank(m, n, r), m, n)
			if s.Rank != r || math.Abs(s.RankFraction-float64(r)/float64(min(m, n))) > 1e-12 {
				t.Errorf("%d × %d of rank %d has rank %d (%v)", m, n, r, s.Rank, s.RankFraction)
			}
			if s.Stable < 1-1e-9 || s.Stable > float64(r)+1e-9 {
				t.Errorf("%d × %d of rank %d has stable rank %v", m, n, r, s.Stable)
			}
		}
	}
}

// The threshold is where torch.linalg.matrix_rank has it for float32: a direction just above
// it counts, one just below does not.
func TestRankThreshold(t *testing.T) {
	const long, short = 64, 32
	threshold := long * 0x1p-23
	for factor, want := range map[float64]int{1.01: 2, 0.99: 1} {
		for _, shape := range [][2]int{{long, long}, {long, short}, {short, long}} {
			x := make([]float64, shape[0]*shape[1])
			x[0], x[shape[1]+1] = 1, threshold*factor
			if got := spectrum(x, shape[0], shape[1]).Rank; got != want {
				t.Errorf("%v: a second singular value of %v thresholds gives rank %d, want %d", shape, factor, got, want)
			}
		}
	}
}

// The stable rank of the identity is its size, of one outer product 1; the control has the
// same numbers, so that of a random matrix is itself, about.
func TestStableRank(t *testing.T) {
	const n = 32
	identity := make([]float64, n*n)
	for i := range n {
		identity[i*n+i] = 1
	}
	if s := spectrum(identity, n, n); math.Abs(s.Stable-n) > 1e-9 || s.RandomStable > n {
		t.Errorf("the identity: %+v", s)
	}
	outer := spectrum(lowRank(80, 50, 1), 80, 50)
	if math.Abs(outer.Stable-1) > 1e-9 || outer.RandomStable < 5 {
		t.Errorf("an outer product: %+v", outer)
	}
	random := spectrum(normals(9, 80*50), 80, 50)
	if math.Abs(random.Stable/random.RandomStable-1) > 0.15 {
		t.Errorf("a random matrix: %+v", random)
	}
}

func BenchmarkSpectra(b *testing.B) {
	const m, n = 4864, 896
	base, delta := single(normals(1, m*n)), single(normals(2, m*n))
	tuned := slices.Clone(base)
	for i := range delta {
		delta[i] /= 1000
		tuned[i] += delta[i]
	}
	for b.Loop() {
		Options{Seed: 1}.spectra(dense(base, m, n), dense(tuned, m, n), delta)
	}
}
