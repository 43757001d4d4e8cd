package diagnose

import (
	"math"
	"slices"

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

// spectrumOf takes the singular values of Δ and of the same numbers in random places. Their
// squares are the eigenvalues of the smaller Gram matrix, in float64: the threshold is 10⁻⁵ or
// more of the largest, its square 10⁻¹⁰, far above float64's 10⁻¹⁶.
func spectrumOf(squares []float64, scattered matrix, frobenius float64) Spectrum {
	s := Spectrum{RandomStable: math.NaN(), Stable: math.NaN()}
	largest := squares[len(squares)-1]
	if !(largest > 0) {
		return s
	}
	s.Rank = rankOf(squares, scattered.m, scattered.n)
	s.RankFraction = float64(s.Rank) / float64(len(squares))
	s.Stable = frobenius / largest
	s.RandomStable = frobenius / largestSquare(gram(scattered))
	return s
}

// rankOf counts the singular values of an m × n matrix, given as squares in ascending order,
// that torch.linalg.matrix_rank counts for float32.
func rankOf(squares []float64, m, n int) (rank int) {
	threshold := float64(max(m, n)) * 0x1p-23
	for _, v := range squares {
		if v > threshold*threshold*squares[len(squares)-1] {
			rank++
		}
	}
	return rank
}

func sumOfSquares(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
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
func shuffle(x []float32, seed uint64) {
	source := draw.New(seed, "places")
	for i := len(x) - 1; i > 0; i-- {
		j := source.IntN(uint64(i), i+1)
		x[i], x[j] = x[j], x[i]
	}
}
