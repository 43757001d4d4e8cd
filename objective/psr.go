package objective

// psr reinforces right answers and ignores wrong ones:
//
//	L_PSR = −E_x[ Σ_{y: r=1} π(y|x) ]      (Zhu et al., 2506.01347, eq. 3)
//
// trained as the clipped surrogate with A = r (appendix C.1), r in {0, 1}. As in the
// paper's code only right rows are kept, and the mean is over their tokens.
func psr() Objective {
	p := standard()
	p.Over = Kept
	return Objective{
		Name:       "psr",
		Formula:    "L = −Σ w·min(ρ, clip(ρ)) over right answers; A = r, rows with A = 0 dropped",
		Source:     "positive sample reinforcement, arXiv 2506.01347 eq. 3 and app. C.1",
		Subset:     true,
		Params:     p,
		advantages: perSample(func(_ Params, r float64) float64 { return r }),
	}
}
