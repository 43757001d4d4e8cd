package objective

// wReinforce weighs the right half down:
//
//	L_W-REINFORCE = λ·L_PSR + L_NSR         (Zhu et al., 2506.01347, eq. 9; λ = 0.1)
//
// as the clipped surrogate with A = λr + (r − 1). All rows stay in the mean, so that
// λ → 0 differs from NSR by the normaliser.
func wReinforce() Objective {
	return Objective{
		Name:       "w-reinforce",
		Formula:    "L = −Σ w·min(ρA, clip(ρ)A); A = λr + (r − 1)",
		Source:     "weighted REINFORCE, arXiv 2506.01347 eq. 9",
		Params:     standard(),
		advantages: perSample(func(p Params, r float64) float64 { return p.Lambda*r + (r - 1) }),
	}
}
