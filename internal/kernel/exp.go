package kernel

import "math"

// Exp is eˣ to within 2 units in the last place, 0 below −87.3, +Inf above 88.7.
//
// x = n·ln 2 + r with |r| ≤ ln 2 / 2, where n·ln 2 is subtracted in two parts
// (Cody and Waite); eʳ is a polynomial of degree 6 in Horner's form (Cephes expf).
func Exp(x float32) float32 {
	switch {
	case x < -87.33654:
		return 0
	case x > 88.72283:
		return float32(math.Inf(1))
	case x != x:
		return x
	}
	const roundInt = 12582912 // 1.5·2²³: adding it rounds to an integer
	n := float32(float32(x*1.44269504088896341) + roundInt)
	n = float32(n - roundInt)
	r := float32(x - float32(n*0.693359375))
	r = float32(r - float32(n*-2.12194440e-4))
	p := float32(1.9875691500e-4)
	p = float32(float32(p*r) + 1.3981999507e-3)
	p = float32(float32(p*r) + 8.3334519073e-3)
	p = float32(float32(p*r) + 4.1665795894e-2)
	p = float32(float32(p*r) + 1.6666665459e-1)
	p = float32(float32(p*r) + 5.0000001201e-1)
	p = float32(float32(float32(p*float32(r*r))+r) + 1)
	return scale2(p, int32(n))
}

// scale2 is p·2ⁿ for n in [−126, 128], in two factors, since 2¹²⁸ is not a float32.
func scale2(p float32, n int32) float32 {
	half := n >> 1
	p = float32(p * math.Float32frombits(uint32(half+127)<<23))
	return float32(p * math.Float32frombits(uint32(n-half+127)<<23))
}
