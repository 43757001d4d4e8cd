package objective

// reinforce is the undivided signal, +1 for right and −1 for wrong:
//
//	L_RLVR = −E_x E_{y∼π}[r] = L_PSR + L_NSR,  r in {−1, +1}   (2506.01347, eq. 1-2)
//
// as the clipped surrogate with A = 2r − 1 (Williams, 1992, without a baseline).
func reinforce() Objective {
	return Objective{
		Name:       "reinforce",
		Formula:    "L = −Σ w·min(ρA, clip(ρ)A); A = 2r − 1",
		Source:     "REINFORCE with rewards ±1, arXiv 2506.01347 eq. 1",
		Params:     standard(),
		advantages: perSample(func(_ Params, r float64) float64 { return 2*r - 1 }),
	}
}
