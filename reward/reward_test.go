package reward

import (
	"slices"
	"testing"

	"github.com/negativa-lab/negativa"
)

// Every outcome but Correct is worth nothing, and an old reward does not survive.
func TestTruthPaysForCorrectAlone(t *testing.T) {
	var g negativa.Group
	for o := negativa.Unverified; o <= negativa.OverBudget; o++ {
		g.Rollouts = append(g.Rollouts, negativa.Rollout{Verdict: negativa.Verdict{Outcome: o}, Reward: 7})
	}
	groups := []negativa.Group{g}
	Truth(groups)
	want := []float64{0, 1, 0, 0, 0, 0}
	if got := OfGroups(groups)[0]; !slices.Equal(got, want) {
		t.Errorf("rewards by outcome = %v, want %v", got, want)
	}
}
