// Package reward says what a verdict is worth. It is pure.
package reward

import "github.com/negativa-lab/negativa"

// Truth rewards a correct answer with 1 and anything else with 0.
func Truth(groups []negativa.Group) {
	for i := range groups {
		for j := range groups[i].Rollouts {
			r := &groups[i].Rollouts[j]
			r.Reward = 0
			if r.Verdict.Outcome == negativa.Correct {
				r.Reward = 1
			}
		}
	}
}

// OfGroups lists the rewards, P problems with G samples each.
func OfGroups(groups []negativa.Group) (rewardsPG [][]float64) {
	for _, g := range groups {
		rewards := make([]float64, len(g.Rollouts))
		for j, r := range g.Rollouts {
			rewards[j] = r.Reward
		}
		rewardsPG = append(rewardsPG, rewards)
	}
	return rewardsPG
}
