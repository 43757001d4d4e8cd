package objective

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/negativa-lab/negativa"
)

func softmax(logits []float64) []float64 {
	total, p := 0.0, make([]float64, len(logits))
	for v, z := range logits {
		p[v] = math.Exp(z)
		total += p[v]
	}
	for v := range p {
		p[v] /= total
	}
	return p
}

// push is −∂L/∂z: what a step down the loss of one token y does to the logits, by the
// chain rule through ∂ log π_y/∂z_v = 1[v = y] − π_v. The token was drawn with
// probability old.
func push(t *rapid.T, name string, pi []float64, y int, old float64) []float64 {
	p := standard()
	p.Epsilon = 0.999 // the ratios of this test stay within the clip
	o, err := New(name, p)
	if err != nil {
		t.Fatal(err)
	}
	reward := map[string]float64{"psr": 1, "nsr": 0}[name]
	row := negativa.Row{Weight: 1, Behaviour: []float64{math.Log(old)}, Advantages: o.Advantages([][]float64{{reward}})[0]}
	_, grad := evaluate(o.Loss(), row, negativa.Evaluation{Logprobs: []float64{math.Log(pi[y])}})
	out := make([]float64, len(pi))
	for v := range pi {
		out[v] = grad.Logprobs[0] * pi[v]
	}
	out[y] -= grad.Logprobs[0]
	return out
}

func policy(t *rapid.T) (pi []float64, y int) {
	pi = softmax(rapid.SliceOfN(rapid.Float64Range(-2, 2), 5, 5).Draw(t, "logits"))
	return pi, rapid.IntRange(0, 4).Draw(t, "token")
}

// Equations 6 to 8 of 2506.01347, for L = −R·π(y): with old = 1 the ratio is the
// probability itself. PSR raises the sampled token by π_y(1 − π_y) and lowers each other
// by π_y·π_v; NSR does the reverse.
func TestLogitGradientsInProbabilityForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pi, y := policy(t)
		right, wrong := push(t, "psr", pi, y, 1), push(t, "nsr", pi, y, 1)
		for v := range pi {
			want := -pi[v] * pi[y]
			if v == y {
				want = pi[y] * (1 - pi[y])
			}
			within(t, "PSR's push", right[v], want, 1e-14)
			within(t, "NSR's push", wrong[v], -want, 1e-14)
		}
	})
}

// On-policy the ratio is 1 and the gradient that of the log-probability: the same
// directions without the factor π_y. So what NSR takes from a wrong token goes to the
// others in proportion to their probabilities, and the less of a wrong token is left, the
// larger, not the smaller, is its push.
func TestLogitGradientsInLogProbabilityForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pi, y := policy(t)
		right, wrong := push(t, "psr", pi, y, pi[y]), push(t, "nsr", pi, y, pi[y])
		form := push(t, "psr", pi, y, 1)
		total := 0.0
		for v := range pi {
			within(t, "PSR's push", right[v], form[v]/pi[y], 1e-12)
			within(t, "NSR's push", wrong[v], -right[v], 1e-14)
			if v != y {
				within(t, "share of the freed mass", wrong[v]/-wrong[y], pi[v]/(1-pi[y]), 1e-12)
			}
			total += wrong[v]
		}
		within(t, "NSR's push of the sampled token", wrong[y], -(1 - pi[y]), 1e-14)
		within(t, "sum of the pushes", total, 0, 1e-14)
	})
}

// k1 and k3 are unbiased: their mean over all tokens is KL(π ‖ π_ref); k3 is never
// negative; all three are zero at the reference.
func TestKLEstimatorsOverAWholeDistribution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pi, _ := policy(t)
		reference, _ := policy(t)
		kl, k1, k3 := 0.0, 0.0, 0.0
		for v := range pi {
			lp, ref := math.Log(pi[v]), math.Log(reference[v])
			kl += pi[v] * math.Log(pi[v]/reference[v])
			a, _ := K1.At(lp, ref)
			c, _ := K3.At(lp, ref)
			if c < -1e-15 {
				t.Fatalf("k3 = %v", c)
			}
			k1, k3 = k1+pi[v]*a, k3+pi[v]*c
			for _, e := range []Estimator{K1, K2, K3} {
				same, _ := e.At(lp, lp)
				within(t, string(e)+" at the reference", same, 0, 0)
			}
		}
		within(t, "mean of k1", k1, kl, 1e-12)
		within(t, "mean of k3", k3, kl, 1e-12)
	})
}
