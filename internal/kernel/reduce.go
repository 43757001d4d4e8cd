package kernel

const lanes = 16

// Dot is Σ x[i]·y[i]: products round, product i is added to lane i mod 16 in turn,
// and the sixteen lanes are added by a fixed binary tree. Appending zeros to both
// vectors does not change the result.
func Dot(x, y []float32) float32 {
	var l [lanes]float32
	done := dotBlocks(x, y, &l)
	dotPortable(x[done:], y[done:], &l)
	return sumLanes(&l)
}

func dotPortable(x, y []float32, sums *[lanes]float32) {
	for i, v := range x {
		sums[i%lanes] = float32(sums[i%lanes] + float32(v*y[i]))
	}
}

// sumLanes adds sixteen partial sums by the fixed tree: lane i takes lane i + 8, then
// i + 4, i + 2, i + 1.
func sumLanes(l *[lanes]float32) float32 {
	for half := lanes / 2; half > 0; half /= 2 {
		for i := range half {
			l[i] = float32(l[i] + l[i+half])
		}
	}
	return l[0]
}
