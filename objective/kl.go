package objective

import "math"

// Estimator is a per-token estimate of KL(π ‖ π_ref) from a token drawn from π, with
// d = ln π − ln π_ref (Schulman, "Approximating KL divergence", 2020):
//
//	k1 = d,  k2 = d²/2,  k3 = e^(−d) + d − 1.
type Estimator string

// k1 is unbiased with high variance, k2 biased with low, k3 unbiased and never negative.
const (
	K1 Estimator = "k1"
	K2 Estimator = "k2"
	K3 Estimator = "k3"
)

// At is the estimate at a token and its derivative with respect to the log-probability.
func (e Estimator) At(logprob, reference float64) (k, slope float64) {
	d := logprob - reference
	switch e {
	case K1:
		return d, 1
	case K2:
		return d * d / 2, d
	default:
		return math.Exp(-d) + d - 1, 1 - math.Exp(-d)
	}
}
