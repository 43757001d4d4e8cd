package kernel

import "math"

// RMSNorm writes y = w · x / √(mean(x²) + eps) for one row and returns the factor
// 1/√(…), which the backward pass needs. (Zhang and Sennrich, 1910.07467.)
func RMSNorm(y, x, w []float32, eps float32) (rstd float32) {
	mean := float64(Dot(x, x)) / float64(len(x))
	rstd = float32(1 / math.Sqrt(mean+float64(eps)))
	y, w = y[:len(x)], w[:len(x)]
	for i, v := range x {
		y[i] = float32(float32(v*rstd) * w[i])
	}
	return rstd
}

// RMSNormBackward adds to dx the gradient of a row through RMSNorm:
// dx_i += rstd · (w_i dy_i − x_i · rstd² · Σ_j(w_j dy_j x_j) / n).
func RMSNormBackward(dx, dy, x, w []float32, rstd float32) {
	n := len(x)
	dx, dy, w = dx[:n], dy[:n], w[:n]
	var l [lanes]float32
	for i, v := range x {
		l[i%lanes] = float32(l[i%lanes] + float32(float32(w[i]*dy[i])*v))
	}
	s := float32(sumLanes(&l) / float32(n))
	s = float32(s * float32(rstd*rstd))
	for i, v := range x {
		dx[i] = float32(dx[i] + float32(rstd*float32(float32(w[i]*dy[i])-float32(v*s))))
	}
}

// RMSNormWeightBackward adds one row's part of the weight's gradient: dw_i += dy_i · x_i · rstd.
func RMSNormWeightBackward(dw, dy, x []float32, rstd float32) {
	dy, x = dy[:len(dw)], x[:len(dw)]
	for i := range dw {
		dw[i] = float32(dw[i] + float32(dy[i]*float32(x[i]*rstd)))
	}
}
