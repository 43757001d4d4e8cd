package diagnose

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"github.com/negativa-lab/negativa/internal/draw"
)

// Spectrum is what the singular values of a difference Δ say.
type Spectrum struct {
	Rank         int     // of Δ, as torch.linalg.matrix_rank has it for float32: σ > max(m, n)·2⁻²³·σ₁
	RankFraction float64 // of min(m, n)
	Stable       float64 // ‖Δ‖²_F / ‖Δ‖²₂: how many directions carry the difference
	RandomStable float64 // of a matrix that has the same numbers in random places
}

// spectrumOf takes the singular values of an m × n matrix, row-major. Their squares are the
// eigenvalues of the smaller Gram matrix, in float64: the threshold is 10⁻⁵ or more of the
// largest, its square 10⁻¹⁰, far above float64's 10⁻¹⁶.
func spectrumOf(delta []float64, m, n int, seed uint64) Spectrum {
	squares := gramEigenvalues(delta, m, n)
	s := Spectrum{RandomStable: math.NaN(), Stable: math.NaN()}
	largest := squares[len(squares)-1]
	if !(largest > 0) {
		return s
	}
	threshold := float64(max(m, n)) * 0x1p-23
	for _, v := range squares {
		if v > threshold*threshold*largest {
			s.Rank++
		}
	}
	s.RankFraction = float64(s.Rank) / float64(min(m, n))
	s.Stable = frobenius(delta) / largest
	shuffle(delta, seed)
	s.RandomStable = frobenius(delta) / largestSquare(gram(delta, m, n))
	return s
}

func frobenius(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

// gram is ΔΔᵀ or ΔᵀΔ, whichever is smaller.
func gram(x []float64, m, n int) *mat.SymDense {
	size, trans := n, blas.Trans
	if m < n {
		size, trans = m, blas.NoTrans
	}
	g := mat.NewSymDense(size, nil)
	blas64.Syrk(trans, 1, blas64.General{Rows: m, Cols: n, Stride: n, Data: x}, 0, g.RawSymmetric())
	return g
}

// gramEigenvalues are the squares of the singular values, ascending.
func gramEigenvalues(x []float64, m, n int) []float64 {
	var eigen mat.EigenSym
	if !eigen.Factorize(gram(x, m, n), false) {
		return []float64{math.NaN()}
	}
	return eigen.Values(nil)
}

// largestSquare is the largest eigenvalue of a Gram matrix by Lanczos' method with every
// vector kept orthogonal, until it grows by less than 10⁻⁶ of itself.
func largestSquare(g *mat.SymDense) float64 {
	n := g.SymmetricDim()
	source := draw.New(1, "lanczos")
	q := mat.NewVecDense(n, nil)
	for i := range n {
		q.SetVec(i, source.Normal(uint64(i)))
	}
	q.ScaleVec(1/mat.Norm(q, 2), q)
	basis := []*mat.VecDense{q}
	var alphas, betas []float64
	last := 0.0
	for range min(n, 300) {
		w := mat.NewVecDense(n, nil)
		q := basis[len(basis)-1]
		w.MulVec(g, q)
		alphas = append(alphas, mat.Dot(w, q))
		for range 2 { // once is not enough in floating point
			for _, b := range basis {
				w.AddScaledVec(w, -mat.Dot(w, b), b)
			}
		}
		top := largestOfTridiagonal(alphas, betas)
		beta := mat.Norm(w, 2)
		if top-last <= 1e-6*top && len(alphas) > 8 || beta <= 1e-14*top {
			return top
		}
		last = top
		betas = append(betas, beta)
		w.ScaleVec(1/beta, w)
		basis = append(basis, w)
	}
	return last
}

func largestOfTridiagonal(diagonal, off []float64) float64 {
	n := len(diagonal)
	t := mat.NewSymDense(n, nil)
	for i, v := range diagonal {
		t.SetSym(i, i, v)
		if i > 0 {
			t.SetSym(i-1, i, off[i-1])
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(t, false) {
		return math.NaN()
	}
	return slices.Max(eigen.Values(nil))
}

// shuffle puts numbers in random places.
func shuffle(x []float64, seed uint64) {
	source := draw.New(seed, "places")
	for i := len(x) - 1; i > 0; i-- {
		j := source.IntN(uint64(i), i+1)
		x[i], x[j] = x[j], x[i]
	}
}
