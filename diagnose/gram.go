package diagnose

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	lapack "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/mat"

	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// matrix is m × n numbers that are read a part at a time: a model's largest matrices would not
// fit in memory as float64 several times over.
type matrix struct {
	m, n int
	read func(out []float64, from int) // numbers from a place on, in row-major order
}

// stored is a tensor of a file as a matrix.
func stored(t safetensors.Tensor) matrix {
	return matrix{t.Shape[0], t.Shape[1], func(out []float64, from int) {
		numbers := make([]float32, len(out))
		t.Floats(numbers, from)
		for i, v := range numbers {
			out[i] = float64(v)
		}
	}}
}

// dense is a matrix in memory.
func dense(x []float32, m, n int) matrix {
	return matrix{m, n, func(out []float64, from int) {
		for i, v := range x[from : from+len(out)] {
			out[i] = float64(v)
		}
	}}
}

// plus is the sum of two matrices.
func (x matrix) plus(y matrix) matrix {
	return matrix{x.m, x.n, func(out []float64, from int) {
		other := make([]float64, len(out))
		x.read(out, from)
		y.read(other, from)
		for i, v := range other {
			out[i] += v
		}
	}}
}

// slabWidth is how much of a matrix's longer side is in memory at a time.
const slabWidth = 128

// slabs yields the matrix, turned so that its shorter side runs down, in slabs of columns:
// where a slab begins on the longer side, and its numbers.
func (x matrix) slabs(yield func(from int, slab blas64.General) bool) {
	short, long := min(x.m, x.n), max(x.m, x.n)
	data, row := make([]float64, short*slabWidth), make([]float64, x.n)
	for from := 0; from < long; from += slabWidth {
		width := min(slabWidth, long-from)
		slab := blas64.General{Rows: short, Cols: width, Stride: width, Data: data[:short*width]}
		if x.m < x.n {
			for i := range short {
				x.read(slab.Data[i*width:(i+1)*width], i*x.n+from)
			}
		} else {
			for j := range width {
				x.read(row, (from+j)*x.n)
				for i, v := range row {
					slab.Data[i*width+j] = v
				}
			}
		}
		if !yield(from, slab) {
			return
		}
	}
}

// gram is XXᵀ or XᵀX, whichever is smaller.
func gram(x matrix) *mat.SymDense {
	g := mat.NewSymDense(min(x.m, x.n), nil)
	for _, slab := range x.slabs {
		blas64.Syrk(blas.NoTrans, 1, slab, 1, g.RawSymmetric())
	}
	return g
}

// times is the longer side's image of columns on the shorter side: Xv of right vectors, or
// Xᵀu of left ones.
func (x matrix) times(columns *mat.Dense) *mat.Dense {
	_, k := columns.Dims()
	out := mat.NewDense(max(x.m, x.n), k, nil)
	for from, slab := range x.slabs {
		rows := out.Slice(from, from+slab.Cols, 0, k).(*mat.Dense)
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, slab, columns.RawMatrix(), 0, rows.RawMatrix())
	}
	return out
}

// tridiagonal is a symmetric matrix G = Q T Qᵀ with T tridiagonal and Q = H_{n−2} … H₀ a
// product of reflections, as LAPACK's dsytrd leaves it.
type tridiagonal struct {
	diagonal, beside []float64
	reflections      *mat.SymDense // H_i = I − τ_i v vᵀ: v has 1 at i, above it column i+1
	tau              []float64
}

// reduce overwrites g.
func reduce(g *mat.SymDense) tridiagonal {
	n := g.SymmetricDim()
	t := tridiagonal{make([]float64, n), make([]float64, n-1), g, make([]float64, n-1)}
	a, work := g.RawSymmetric(), make([]float64, 1)
	for _, size := range []int{-1, 0} { // asked for, then used
		if size == 0 {
			size = int(work[0])
			work = make([]float64, size)
		}
		lapack.Implementation{}.Dsytrd(a.Uplo, n, a.Data, a.Stride, t.diagonal, t.beside, t.tau, work, size)
	}
	return t
}

// values are the eigenvalues, ascending.
func (t tridiagonal) values() []float64 {
	d, e := append([]float64(nil), t.diagonal...), append([]float64(nil), t.beside...)
	if !(lapack.Implementation{}).Dsterf(len(d), d, e) {
		return []float64{math.NaN()}
	}
	return d
}

// vectors are the eigenvectors of some eigenvalues, as columns: inverse iteration on T, each
// kept orthogonal to those before it, so that equal eigenvalues get different vectors; then Q.
func (t tridiagonal) vectors(values []float64) *mat.Dense {
	n := len(t.diagonal)
	var found []*mat.VecDense
	for i, value := range values {
		source := draw.New(1, "inverse iteration").At(uint64(i))
		x := mat.NewVecDense(n, nil)
		for j := range n {
			x.SetVec(j, source.Normal(uint64(j)))
		}
		for range 4 {
			orthogonalise(x, found)
			t.solve(value, x)
		}
		orthogonalise(x, found)
		found = append(found, x)
	}
	out := mat.NewDense(n, len(found), nil)
	for i, x := range found {
		t.reflect(x)
		out.SetCol(i, x.RawVector().Data)
	}
	return out
}

// orthogonalise leaves of x what is orthogonal to others, at length 1.
func orthogonalise(x *mat.VecDense, others []*mat.VecDense) {
	x.ScaleVec(1/mat.Norm(x, 2), x)
	for range 2 { // once is not enough in floating point
		for _, y := range others {
			x.AddScaledVec(x, -mat.Dot(x, y), y)
		}
		x.ScaleVec(1/mat.Norm(x, 2), x)
	}
}

// solve makes x a solution of (T − λ)y = x, with λ by a little beside an eigenvalue: what
// belongs to this eigenvalue outgrows all else.
func (t tridiagonal) solve(value float64, x *mat.VecDense) {
	n, largest := len(t.diagonal), 0.0
	for i := range n {
		largest = max(largest, math.Abs(t.diagonal[i]))
	}
	b := x.RawVector().Data
	for off := 0x1p-52 * max(largest, math.Abs(value)); ; off *= 2 {
		d, below := make([]float64, n), append([]float64(nil), t.beside...)
		for i, v := range t.diagonal {
			d[i] = v - value - off
		}
		if (lapack.Implementation{}).Dgtsv(n, 1, below, d, append([]float64(nil), t.beside...), b, 1) {
			return
		}
	}
}

// reflect makes y Qy.
func (t tridiagonal) reflect(y *mat.VecDense) {
	a := t.reflections.RawSymmetric()
	x := y.RawVector().Data
	for i, tau := range t.tau {
		dot := x[i]
		for j := range i {
			dot += a.Data[j*a.Stride+i+1] * x[j]
		}
		x[i] -= tau * dot
		for j := range i {
			x[j] -= tau * dot * a.Data[j*a.Stride+i+1]
		}
	}
}
