package objective

// dapo averages over all tokens and clips higher above than below, so that unlikely tokens
// of right answers may grow:
//
//	L = −(1/N) Σ_i Σ_t min(ρA, clip(ρ, 1 − 0.2, 1 + 0.28) A),  A_i = (r_i − mean) / (std + 1e-4)
//
// without a KL term (Yu et al., 2503.14476, eq. 8). Its dynamic sampling and its punishment
// of overlong answers are parts of the run: dynamic_sampling and soft_overlong_cache.
func dapo() Objective {
	p := standard()
	p.EpsilonHigh = 0.28
	return Objective{
		Name:       "dapo",
		Formula:    "L = −(1/N) Σ min(ρA, clip(ρ)A) over all tokens; A = (r − mean)/(std + 1e-4) in the group",
		Source:     "decoupled clip and dynamic sampling policy optimisation, arXiv 2503.14476 eq. 8",
		Grouped:    true,
		Params:     p,
		advantages: groupRelative,
	}
}
