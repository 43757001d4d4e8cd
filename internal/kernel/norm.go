package kernel

import "math"

// RMSNorm writes y = w · x / √(mean(x²) + eps) for each row of len(w) numbers, and the
// factors 1/√(…), one a row, which the backward pass needs. (Zhang and Sennrich, 1910.07467.)
func RMSNorm(y, x, w, rstd []float32, eps float32) {
	n := len(w)
	for i := normRows(y, x, w, rstd, eps); i < len(rstd); i++ {
		rstd[i] = normRow(y[i*n:(i+1)*n], x[i*n:(i+1)*n], w, eps)
	}
}

func normRow(y, x, w []float32, eps float32) (rstd float32) {
	rstd = factorOf(x, eps)
	normPortable(y, x, w, rstd)
	return rstd
}

// factorOf is 1/√(mean(x²) + eps).
func factorOf(x []float32, eps float32) float32 {
	mean := float64(Dot(x, x)) / float64(len(x))
	return float32(1 / math.Sqrt(mean+float64(eps)))
}

func normPortable(y, x, w []float32, rstd float32) {
	for i, v := range x {
		y[i] = float32(float32(v*rstd) * w[i])
	}
}

// RMSNormBackward adds to dx the gradient of each row through RMSNorm:
// dx_i += rstd · (w_i dy_i − x_i · rstd² · Σ_j(w_j dy_j x_j) / n).
func RMSNormBackward(dx, dy, x, w, rstd []float32) {
	n := len(w)
	for i := normBackwardRows(dx, dy, x, w, rstd); i < len(rstd); i++ {
		normBackwardRow(dx[i*n:(i+1)*n], dy[i*n:(i+1)*n], x[i*n:(i+1)*n], w, rstd[i])
	}
}

func normBackwardRow(dx, dy, x, w []float32, rstd float32) {
	var l [lanes]float32
	normDotPortable(dy, x, w, &l)
	normBackwardPortable(dx, dy, x, w, rstd, pull(&l, len(x), rstd))
}

// pull is rstd² times the mean of n products, which sixteen lanes hold the sum of.
func pull(l *[lanes]float32, n int, rstd float32) float32 {
	return float32(float32(sumLanes(l)/float32(n)) * float32(rstd*rstd))
}

func normDotPortable(dy, x, w []float32, sums *[lanes]float32) {
	for i, v := range x {
		sums[i%lanes] = float32(sums[i%lanes] + float32(float32(w[i]*dy[i])*v))
	}
}

func normBackwardPortable(dx, dy, x, w []float32, rstd, s float32) {
	for i, v := range x {
		dx[i] = float32(dx[i] + float32(rstd*float32(float32(w[i]*dy[i])-float32(v*s))))
	}
}

// RMSNormWeightBackward adds each row's part of the weight's gradient, in turn:
// dw_i += dy_i · x_i · rstd.
func RMSNormWeightBackward(dw, dy, x, rstd []float32) {
	n := len(dw)
	for i := normWeightRows(dw, dy, x, rstd); i < len(rstd); i++ {
		normWeightPortable(dw, dy[i*n:(i+1)*n], x[i*n:(i+1)*n], rstd[i])
	}
}

func normWeightPortable(dw, dy, x []float32, rstd float32) {
	for i := range dw {
		dw[i] = float32(dw[i] + float32(dy[i]*float32(x[i]*rstd)))
	}
}
