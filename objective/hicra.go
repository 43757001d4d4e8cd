package objective

import "math"

// hicra is Dr. GRPO with the strategy of an answer, the tokens that plan it, made to count
// for more where it succeeds and for less where it fails:
//
//	L = −(1/(B·L_max)) Σ_i Σ_t min(ρA, clip(ρ)A)
//	A_it = A_i + α|A_i| for tokens of strategy, A_i for all others;  A_i = r_i − mean
//
// (hierarchy-aware credit assignment, Wang et al., 2509.03646; α = 0.2.) So the strategy of
// right answers has the factor 1 + α, that of wrong ones 1 − α: the formula punishes a plan
// that failed less, not more. There the tokens are found by frequent n-grams; here they are
// known, of problems that are tagged.
func hicra() Objective {
	o := drGRPO()
	o.Name, o.Tagged = "hicra", true
	o.Formula += ", + α|r − mean| for tokens of strategy"
	o.Source = "hierarchy-aware credit assignment, arXiv 2509.03646"
	return o
}

// Spread gives each of a row's n tokens its advantage, from the row's: the same one, but that
// a Tagged objective lifts it by hicra_alpha·|a| where strategy (n, or nil: nowhere) says so.
func (o Objective) Spread(a float64, n int, strategy []bool) []float64 {
	out := make([]float64, n)
	for t := range out {
		out[t] = a
		if o.Tagged && strategy != nil && strategy[t] {
			out[t] += o.Params.HICRAAlpha * math.Abs(a)
		}
	}
	return out
}
