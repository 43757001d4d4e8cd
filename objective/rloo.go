package objective

// rloo compares each answer with the others to the same problem:
//
//	A_i = r_i − (1/(G−1)) Σ_{j≠i} r_j,  L = −(1/B) Σ_i min(ρ_i A_i, clip(ρ_i) A_i)
//
// with one ratio ρ_i = π(y_i|x)/π_old(y_i|x) a completion. (Ahmadian et al., 2402.14740,
// eq. 4, clipped as in TRL's RLOOTrainer.)
func rloo() Objective {
	p := standard()
	p.Level, p.Normaliser, p.ScaleRewards, p.KLIn, p.KLEstimator = SequenceLevel, SeqMeanTokenSum, Unscaled, InReward, K1
	return Objective{
		Name:       "rloo",
		Formula:    "L = −(1/B) Σ min(ρA, clip(ρ)A), ρ = π(y|x)/π_old(y|x); A = r − mean of the group's others",
		Source:     "REINFORCE leave-one-out, arXiv 2402.14740 eq. 4",
		Grouped:    true,
		Params:     p,
		advantages: leaveOneOut,
	}
}
