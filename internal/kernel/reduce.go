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
	a, b := float32(l[0]+l[8]), float32(l[4]+l[12])
	c, d := float32(l[2]+l[10]), float32(l[6]+l[14])
	even := float32(float32(a+b) + float32(c+d))
	a, b = float32(l[1]+l[9]), float32(l[5]+l[13])
	c, d = float32(l[3]+l[11]), float32(l[7]+l[15])
	return float32(even + float32(float32(a+b)+float32(c+d)))
}
