package diagnose

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Subspace is of how many leading singular directions the angles are, where a matrix has as
// many.
const Subspace = 16

// Turn is how a matrix W became W′: what its singular values did, and the spaces that its
// leading singular vectors span (2511.08567, which finds that reinforcement learning leaves
// both nearly as they were). Without ranks, and of a vector, it is null.
type Turn struct {
	Drift Float     `json:"spectrum_drift"`         // ‖σ(W′) − σ(W)‖₂ / ‖σ(W)‖₂; null of W = 0
	K     int       `json:"principal_k"`            // leading directions: Subspace, or the rank if that is lower
	Angle Float     `json:"principal_angle_max"`    // degrees, of the left and the right ones; null of K = 0
	Left  []float64 `json:"principal_angles_left"`  // degrees in [0, 90], ascending: cos θ_i = σ_i(U₀ᵀU₊), U the K leading left singular vectors
	Right []float64 `json:"principal_angles_right"` // the same of the right ones
}

// decomposition is what of a matrix's singular value decomposition a Turn needs.
type decomposition struct {
	sigma       []float64  // ascending
	rank        int        // as rankOf has it
	left, right *mat.Dense // the leading singular vectors as columns, Subspace of them or rank
}

// decompose takes the eigenvalues and leading eigenvectors of the smaller Gram matrix; the
// singular vectors of the longer side are their images.
func decompose(x matrix) decomposition {
	t := reduce(gram(x))
	squares := t.values()
	d := decomposition{rank: rankOf(squares, x.m, x.n)}
	for _, v := range squares {
		d.sigma = append(d.sigma, math.Sqrt(max(0, v)))
	}
	k := min(Subspace, d.rank)
	if k == 0 {
		return d
	}
	leading := slices.Clone(squares[len(squares)-k:])
	slices.Reverse(leading)
	short := t.vectors(leading)
	long := x.times(short)
	for i, v := range leading {
		column := long.ColView(i).(*mat.VecDense)
		column.ScaleVec(1/math.Sqrt(v), column)
	}
	if d.left, d.right = short, long; x.m >= x.n {
		d.left, d.right = long, short
	}
	return d
}

// turnOf holds W′ against W.
func turnOf(before, after decomposition) Turn {
	t := noTurn
	t.K = min(Subspace, before.rank, after.rank)
	moved, whole := 0.0, 0.0
	for i, v := range before.sigma {
		moved += (after.sigma[i] - v) * (after.sigma[i] - v)
		whole += v * v
	}
	if whole > 0 {
		t.Drift = Float(math.Sqrt(moved / whole))
	}
	if t.K > 0 {
		t.Left, t.Right = angles(before.left, after.left, t.K), angles(before.right, after.right, t.K)
		t.Angle = Float(max(t.Left[t.K-1], t.Right[t.K-1]))
	}
	return t
}

// noTurn is that of a vector.
var noTurn = Turn{Drift: Float(math.NaN()), Angle: Float(math.NaN())}

// unmoved is the Turn of a matrix that is the same.
func unmoved(m, n int) Turn {
	k := min(Subspace, m, n)
	return Turn{K: k, Left: make([]float64, k), Right: make([]float64, k)}
}

// angles are the principal angles between the spans of the first k columns of a and of b,
// which are orthonormal: in degrees, ascending. The sines are of b less its part in a's span,
// since a cosine says little of a small angle (Björck and Golub, 1973).
func angles(a, b *mat.Dense, k int) []float64 {
	rows, _ := a.Dims()
	first, second := a.Slice(0, rows, 0, k), b.Slice(0, rows, 0, k)
	var inside, outside mat.Dense
	inside.Mul(first.T(), second)
	outside.Mul(first, &inside)
	outside.Sub(second, &outside)
	cosines, sines := singular(&inside), singular(&outside)
	out := make([]float64, k)
	for i := range out {
		out[i] = math.Atan2(sines[k-1-i], cosines[i]) * 180 / math.Pi
	}
	return out
}

// singular values of a matrix of no more columns than rows, descending.
func singular(x *mat.Dense) []float64 {
	var d mat.SVD
	if !d.Factorize(x, mat.SVDNone) {
		return slices.Repeat([]float64{math.NaN()}, x.RawMatrix().Cols)
	}
	return d.Values(nil)
}
