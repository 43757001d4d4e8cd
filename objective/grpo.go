package objective

// grpo normalises rewards within the group:
//
//	L = −(1/B) Σ_i (1/T_i) Σ_t [ min(ρA, clip(ρ)A) − β·k3 ],
//	A_i = (r_i − mean) / (std + 1e-4)
//
// (Shao et al., 2402.03300, eq. 3, with the unbiased std and the 1e-4 of TRL; β = 1e-3
// as in 2506.01347, appendix C.) A group without variance has A = 0.
func grpo() Objective {
	p := standard()
	p.Normaliser, p.Beta = SeqMeanTokenMean, 1e-3
	return Objective{
		Name:       "grpo",
		Formula:    "L = −(1/B) Σ (1/T) Σ [min(ρA, clip(ρ)A) − β·k3]; A = (r − mean)/(std + 1e-4) in the group",
		Source:     "group relative policy optimisation, arXiv 2402.03300 eq. 3",
		Grouped:    true,
		Params:     p,
		advantages: groupRelative,
	}
}
