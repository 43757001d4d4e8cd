package objective

import (
	"math"

	"github.com/negativa-lab/negativa"
)

// cispo keeps the gradient of every token and bounds its weight instead:
//
//	L = −(1/N) Σ_i Σ_t sg(min(ρ, ε_high)) A lp,  A_i = (r_i − mean) / (std + 1e-4)
//
// where sg holds its argument constant. epsilon_high is the bound itself, as in TRL, not its
// distance from one. (MiniMax-M1, 2506.13585, eq. 4 and 5; the bound of 5 is that of ScaleRL,
// 2510.13786.)
func cispo() Objective {
	p := standard()
	p.EpsilonHigh = 5
	return Objective{
		Name:       "cispo",
		Formula:    "L = −(1/N) Σ sg(min(ρ, ε_high))·A·lp over all tokens; A = (r − mean)/(std + 1e-4) in the group",
		Source:     "clipped importance sampling policy optimisation, arXiv 2506.13585 eq. 4",
		Grouped:    true,
		Params:     p,
		advantages: groupRelative,
		surrogate:  boundedWeights,
		held:       func(p Params, r, a float64) int { return held(a > 0 && r > p.EpsilonHigh) },
	}
}

func boundedWeights(p Params, row *negativa.Row, lp, grad []float64) float64 {
	sum := 0.0
	for t, a := range row.Advantages {
		weight := min(math.Exp(lp[t]-row.Behaviour[t]), p.EpsilonHigh)
		sum -= weight * a * lp[t]
		grad[t] -= weight * a
	}
	return sum
}

// held is +1 where a bound holds a token.
func held(yes bool) int {
	if yes {
		return +1
	}
	return 0
}
