package kernel

import "testing"

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
