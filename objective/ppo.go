package objective

// ppo has a critic: advantages are GAE's, from token rewards −β·k1 and the answer's
// reward on the last token, whitened over the batch.
//
//	L = −(1/N) Σ min(ρA, clip(ρ)A) + c_V · (1/N) Σ ½ max( (V − R)², (clip(V, V_old ± c) − R)² )
//
// (Schulman et al., 1707.06347, eq. 7 and 9; value clipping as in TRL's PPOTrainer;
// γ = λ = 1 and β = 1e-3 as in 2506.01347, appendix C.)
func ppo() Objective {
	p := standard()
	p.Beta, p.KLIn, p.KLEstimator = 1e-3, InReward, K1
	return Objective{
		Name:       "ppo",
		Formula:    "L = −Σ w·min(ρA, clip(ρ)A) + c_V·Σ w·½max((V−R)², (clip(V)−R)²); A = whitened GAE(γ, λ) of r − β·k1",
		Source:     "proximal policy optimisation, arXiv 1707.06347 eq. 7 and 9",
		Critic:     true,
		Params:     p,
		advantages: perSample(func(_ Params, r float64) float64 { return r }),
	}
}

// valueLoss is ½ max((V − R)², (clip(V) − R)²) and its derivative with respect to V.
func (p Params) valueLoss(v, old, target float64) (loss, slope float64) {
	held := min(max(v, old-p.CliprangeValue), old+p.CliprangeValue)
	free := (v - target) * (v - target)
	if clipped := (held - target) * (held - target); clipped > free {
		return clipped / 2, 0 // where the clip holds, V has no effect
	}
	return free / 2, v - target
}
