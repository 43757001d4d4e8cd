package objective

// drGRPO removes the two biases of GRPO: no division by the group's deviation, no
// division by the length.
//
//	L = −(1/(B·L_max)) Σ_i Σ_t min(ρA, clip(ρ)A),  A_i = r_i − mean
//
// (Liu et al., 2503.20783, section 3.1.)
func drGRPO() Objective {
	p := standard()
	p.Normaliser, p.ScaleRewards = Constant, Unscaled
	return Objective{
		Name:       "dr-grpo",
		Formula:    "L = −(1/(B·L_max)) Σ Σ min(ρA, clip(ρ)A); A = r − mean of the group",
		Source:     "Dr. GRPO, arXiv 2503.20783 section 3.1",
		Grouped:    true,
		Params:     p,
		advantages: groupRelative,
	}
}
