package diagnose

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// columns are k orthonormal random vectors of n numbers.
func columns(seed uint64, n, k int) *mat.Dense {
	var qr mat.QR
	qr.Factorize(mat.NewDense(n, k, normals(seed, n*k)))
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, n, 0, k))
}

// rotated turns columns i and j of x in their plane, by degrees.
func rotated(x *mat.Dense, i, j int, degrees float64) *mat.Dense {
	out := mat.DenseCopyOf(x)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	n, _ := x.Dims()
	for r := range n {
		out.Set(r, i, cos*x.At(r, i)+sin*x.At(r, j))
		out.Set(r, j, cos*x.At(r, j)-sin*x.At(r, i))
	}
	return out
}

// product is U diag(σ) Vᵀ.
func product(u *mat.Dense, sigma []float64, v *mat.Dense) matrix {
	var left, out mat.Dense
	left.Mul(u, mat.NewDiagDense(len(sigma), sigma))
	out.Mul(&left, v.T())
	m, n := out.Dims()
	return matrix{m, n, func(to []float64, from int) { copy(to, out.RawMatrix().Data[from:]) }}
}

func falling(n int) []float64 {
	sigma := make([]float64, n)
	for i := range sigma {
		sigma[i] = float64(n - i)
	}
	return sigma
}

func TestTurnOfKnownPairs(t *testing.T) {
	for _, size := range [][2]int{{60, 40}, {40, 60}, {40, 40}, {300, 40}, {40, 300}} {
		m, n, r := size[0], size[1], 40
		u, v, sigma := columns(1, m, r), columns(2, n, r), falling(r)
		half := make([]float64, r)
		for i, s := range sigma {
			half[i] = s / 2
		}
		stretched := append([]float64{}, sigma...)
		stretched[0] += 3
		norm := math.Sqrt(float64(r*(r+1)*(2*r+1)) / 6)
		w := product(u, sigma, v)
		for name, c := range map[string]struct {
			after              matrix
			drift, left, right float64
		}{
			"equal":                         {w, 0, 0, 0},
			"half of each":                  {product(u, half, v), 0.5, 0, 0},
			"the largest grows":             {product(u, stretched, v), 3 / norm, 0, 0},
			"right directions turn":         {product(u, sigma, rotated(v, 15, 16, 30)), 0, 0, 30},
			"left directions turn":          {product(rotated(u, 3, 20, 1e-3), sigma, v), 0, 1e-3, 0},
			"both turn":                     {product(rotated(u, 0, 39, 5), sigma, rotated(v, 7, 30, 90)), 0, 5, 90},
			"within the space, and outside": {product(rotated(u, 2, 9, 40), sigma, rotated(v, 20, 30, 40)), 0, 0, 0},
		} {
			got := turnOf(decompose(w), decompose(c.after))
			left, right := got.Left[Subspace-1], got.Right[Subspace-1]
			if got.K != Subspace || off(float64(got.Drift), c.drift) || off(left, c.left) || off(right, c.right) || float64(got.Angle) != max(left, right) {
				t.Errorf("%d × %d, %s: drift %v, angles %v and %v, want %v, %v and %v", m, n, name, got.Drift, left, right, c.drift, c.left, c.right)
			}
			if got.Left[Subspace-2] > 1e-6 || got.Right[0] > 1e-6 || len(got.Left) != Subspace {
				t.Errorf("%d × %d, %s: more than one direction turned: %v, %v", m, n, name, got.Left, got.Right)
			}
		}
	}
}

func off(got, want float64) bool { return !(math.Abs(got-want) <= 1e-8) }

// Where singular values are equal, their vectors are any of a space, and yet the space of all
// of them is one.
func TestTurnOfEqualSingularValues(t *testing.T) {
	const m, n, r = 50, 30, 10
	u, v := columns(1, m, r), columns(2, n, r+1)
	ones := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	first := func(x *mat.Dense) *mat.Dense { return mat.DenseCopyOf(x.Slice(0, n, 0, r)) }
	got := turnOf(decompose(product(u, ones, first(v))), decompose(product(u, ones, first(rotated(v, 4, 10, 20)))))
	if got.K != r || off(float64(got.Angle), 20) || got.Left[r-1] > 1e-6 || got.Right[r-2] > 1e-6 || got.Drift > 1e-7 {
		t.Errorf("%+v, want ten directions, one of which turned by 20 degrees", got)
	}
}

func TestEigenvectors(t *testing.T) {
	const n, k = 70, 12
	var x mat.Dense
	x.Mul(mat.NewDense(n, n, normals(1, n*n)), mat.NewDense(n, n, normals(2, n*n)))
	g := mat.NewSymDense(n, nil)
	g.SymOuterK(1, &x)
	whole := reduce(mat.NewSymDense(n, append([]float64{}, g.RawSymmetric().Data...)))
	values := whole.values()[n-k:]
	vectors := whole.vectors(values)
	var image, inner mat.Dense
	image.Mul(g, vectors)
	inner.Mul(vectors.T(), vectors)
	for i, value := range values {
		for j := range n {
			if d := math.Abs(image.At(j, i) - value*vectors.At(j, i)); d > 1e-11*values[k-1] {
				t.Fatalf("eigenvector %d is off by %v", i, d)
			}
		}
		for j := range k {
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(inner.At(i, j)-want) > 1e-12 {
				t.Errorf("vectors %d and %d have product %v", i, j, inner.At(i, j))
			}
		}
	}
}

// The control moves W by as much, in random places: a change along W's own directions turns
// them less and drifts more.
func TestTurnBesideItsControl(t *testing.T) {
	const m, n = 80, 50
	base := single(normals(1, m*n))
	delta, tuned := make([]float32, m*n), make([]float32, m*n)
	for i, w := range base {
		delta[i] = w / 64
		tuned[i] = w + delta[i]
	}
	_, turn, random := Options{Seed: 1}.spectra(dense(base, m, n), dense(tuned, m, n), delta)
	if math.Abs(float64(turn.Drift)-1./64) > 1e-6 || random.Drift > turn.Drift/2 || random.Drift <= 0 {
		t.Errorf("drift %v, of the control %v", turn.Drift, random.Drift)
	}
	if turn.Angle > 1e-3 || random.Angle < 0.5 {
		t.Errorf("angle %v, of the control %v", turn.Angle, random.Angle)
	}
}

// What there is no number of is null.
func TestTurnInJSON(t *testing.T) {
	zero, one := make([]float32, 12), []float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	flat := make([]float32, 5)
	before := save(t, safetensors.F32, map[string][]float32{weights: zero, vector: flat}, shapes)
	after := save(t, safetensors.F32, map[string][]float32{weights: one, vector: flat}, shapes)
	for name, c := range map[string]struct {
		base, tuned string
		ranks       bool
		want        string
	}{
		"from nothing":  {before, after, true, `"spectrum_drift":null,"principal_k":0,"principal_angle_max":null,"principal_angles_left":null,"principal_angles_right":null,"random":{"spectrum_drift":null`},
		"to nothing":    {after, before, true, `"spectrum_drift":1,"principal_k":0,"principal_angle_max":null`},
		"unmoved":       {after, after, true, `"spectrum_drift":0,"principal_k":3,"principal_angle_max":0,"principal_angles_left":[0,0,0]`},
		"without ranks": {before, after, false, `"spectrum_drift":null,"principal_k":0,"principal_angle_max":null,"principal_angles_left":null,"principal_angles_right":null,"random":null`},
	} {
		d, err := Folders(t.Context(), c.base, c.tuned, Options{Ranks: c.ranks})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(d.Tensors[0])
		if err != nil || !strings.Contains(string(raw), c.want) {
			t.Errorf("%s: %s, %v, want %s", name, raw, err, c.want)
		}
	}
}
