package kernel

import (
	"testing"
)

// What was packed comes back: as it was, or rounded to bfloat16.
func TestUnpackIsTheInverseOfPack(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {7, 16}, {513, 40}, {48, 31}, {1030, 17}} {
		k, n := size[0], size[1]
		w := normals(uint64(k), n*k) // [n, k], as projections lie in files
		rounded := make([]float32, len(w))
		RoundHalf(rounded, w)
		for half, want := range map[bool][]float32{false: w, true: rounded} {
			var p Packed
			p.Reserve(k, n, half)
			got := make([]float32, len(w))
			for j := range p.Panels() {
				p.PackPanel(j, Dense(w[j*Panel*k:], k).T())
				p.Unpack(j, got[j*Panel*k:], k)
			}
			for i := range want {
				if got[i] != want[i] || p.Element(i%k, i/k) != want[i] {
					t.Fatalf("%d × %d, half %t: element %d is %v and %v, want %v", k, n, half, i, got[i], p.Element(i%k, i/k), want[i])
				}
			}
		}
	}
}
