package objective

// GAE is generalised advantage estimation over one completion (Schulman et al.,
// 1506.02438, eq. 16), the value after the last token being zero:
//
//	δ_t = R_t + γ V_{t+1} − V_t,  A_t = Σ_{s≥t} (γλ)^{s−t} δ_s,  return_t = A_t + V_t.
func GAE(rewards, values []float64, gamma, lambda float64) (advantages, returns []float64) {
	advantages, returns = make([]float64, len(rewards)), make([]float64, len(rewards))
	next, carried := 0.0, 0.0
	for t := len(rewards) - 1; t >= 0; t-- {
		carried = rewards[t] + gamma*next - values[t] + gamma*lambda*carried
		advantages[t], returns[t] = carried, carried+values[t]
		next = values[t]
	}
	return advantages, returns
}

// TokenRewards puts a completion's reward on its last token and, where the KL penalty
// is in the reward, takes β·k1 from every token (papers with PPO: Ouyang et al.,
// 2203.02155, eq. 2).
func (p Params) TokenRewards(reward float64, behaviour, reference []float64) []float64 {
	rewards := make([]float64, len(behaviour))
	if len(rewards) == 0 {
		return rewards
	}
	rewards[len(rewards)-1] = reward
	if p.Beta > 0 && p.KLIn == InReward {
		for t, lp := range behaviour {
			rewards[t] -= p.Beta * (lp - reference[t])
		}
	}
	return rewards
}

// PenalisedReward is r − β Σ_t (old − ref): the KL penalty in the reward of a whole
// completion, for objectives without a critic (Ahmadian et al., 2402.14740, eq. 3).
func (p Params) PenalisedReward(reward float64, behaviour, reference []float64) float64 {
	if p.Beta > 0 && p.KLIn == InReward {
		for t, lp := range behaviour {
			reward -= p.Beta * (lp - reference[t])
		}
	}
	return reward
}
