package objective

// nsr suppresses wrong answers and ignores right ones:
//
//	L_NSR = −E_x[ Σ_{y: r=−1} −π(y|x) ]     (Zhu et al., 2506.01347, eq. 4)
//
// trained as the clipped surrogate with A = r − 1 (appendix C.1), r in {0, 1}. As in
// the paper's code only wrong rows are kept, and the mean is over their tokens. A batch
// without a wrong answer has nothing to suppress: its step is skipped.
func nsr() Objective {
	p := standard()
	p.Over = Kept
	return Objective{
		Name:       "nsr",
		Formula:    "L = −Σ w·min(−ρ, −clip(ρ)) over wrong answers; A = r − 1, rows with A = 0 dropped",
		Source:     "negative sample reinforcement, arXiv 2506.01347 eq. 4 and app. C.1",
		Subset:     true,
		Params:     p,
		advantages: perSample(func(_ Params, r float64) float64 { return r - 1 }),
	}
}
