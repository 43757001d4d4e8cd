package kernel

import (
	"math"
	"testing"
)

// What was packed comes back, as it was or rounded to bfloat16, and so does its transpose.
func TestPackedMatricesAndTheirTransposes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {7, 16}, {513, 40}, {48, 31}, {1030, 17}} {
		k, n := size[0], size[1]
		w := normals(uint64(k), n*k) // [n, k], as projections lie in files
		rounded := make([]float32, len(w))
		RoundHalf(rounded, w)
		for half, want := range map[bool][]float32{false: w, true: rounded} {
			var p, whole, tail Packed
			p.Reserve(k, n, half)
			for j := range p.Panels() {
				p.PackPanel(j, Dense(w[j*Panel*k:], k).T())
			}
			whole.ReserveTransposed(&p, 0, p.Panels())
			for i := range whole.Panels() {
				whole.TransposePanel(i, &p, 0, p.Panels())
			}
			last := p.Panels() - 1
			tail.ReserveTransposed(&p, last, last+1)
			for i := range tail.Panels() {
				tail.TransposePanel(i, &p, last, last+1)
			}
			for i := range want {
				column, row := i/k, i%k
				if p.Element(row, column) != want[i] || whole.Element(column, row) != want[i] {
					t.Fatalf("%d × %d, half %t: element %d is %v, transposed %v, want %v", k, n, half, i, p.Element(row, column), whole.Element(column, row), want[i])
				}
				if column >= last*Panel && tail.Element(column-last*Panel, row) != want[i] {
					t.Fatalf("%d × %d, half %t: element %d of the last panel, transposed, is %v, want %v", k, n, half, i, tail.Element(column-last*Panel, row), want[i])
				}
			}
		}
	}
}

// Rounding at random gives one of the two neighbours, leaves what needs none, and has the
// number itself for its mean.
func TestStochasticRoundingIsUnbiased(t *testing.T) {
	for _, v := range []float32{1.001, -3.14159, 0.5, 1e-20, -65535.7} {
		x := make([]float32, 1<<16)
		for i := range x {
			x[i] = v
		}
		RoundStochastic(x, 12345)
		down := math.Float32frombits(math.Float32bits(v) &^ 0xffff)
		up := math.Float32frombits(math.Float32bits(v)&^0xffff + 1<<16)
		sum := 0.0
		for _, r := range x {
			if r != down && r != up || v == down && r != v {
				t.Fatalf("%v became %v, not %v or %v", v, r, down, up)
			}
			sum += float64(r)
		}
		// Four deviations of the mean of 2^16 draws, each at most half the gap.
		if bound := 4 * math.Abs(float64(up-down)) / 2 / 256; math.Abs(sum/float64(len(x))-float64(v)) > bound {
			t.Errorf("the mean of %v is %v", v, sum/float64(len(x)))
		}
	}
}
