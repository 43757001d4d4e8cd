// Package reward says what a verdict is worth: the truth, or an arm that is not the truth,
// to see how much of what training does needs it (2506.10947). It is pure: an arm is a
// function of the seed, the step and the samples.
package reward

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/nearest"
)

// Function gives every rollout of a step's groups its reward, in [0, 1]. Verdicts are there.
type Function func(step int, groups []negativa.Group) error

// Names lists the arms that New knows; random takes its share behind a colon, and a file
// that ends in .star is a function of the user's own.
var Names = []string{"truth", "random", "inverted", "format", "majority"}

// New returns an arm by its name: truth, random:0.5, inverted, format or majority. Draws are
// of seed. An unknown name is an error that suggests the nearest.
func New(name string, seed uint64) (Function, error) {
	kind, share, _ := strings.Cut(name, ":")
	switch {
	case name == "truth":
		return each(Truth), nil
	case kind == "random":
		gamma, err := strconv.ParseFloat(share, 64)
		if err != nil || !(gamma >= 0 && gamma <= 1) {
			return nil, fmt.Errorf("reward %q: random needs its share of rewarded samples, as in random:0.5, between 0 and 1", name)
		}
		return Random(gamma, seed), nil
	case name == "inverted":
		return each(Inverted), nil
	case name == "format":
		return each(Format), nil
	case name == "majority":
		return majority, nil
	}
	return nil, fmt.Errorf("reward %q is not known: did you mean %q? (rewards: %s, or a file FUNCTION.star)",
		name, nearest.To(kind, Names), strings.Join(Names, ", "))
}

// each is a reward of one sample at a time.
func each(of func(r *negativa.Rollout) float64) Function {
	return func(_ int, groups []negativa.Group) error {
		for i := range groups {
			for j := range groups[i].Rollouts {
				groups[i].Rollouts[j].Reward = of(&groups[i].Rollouts[j])
			}
		}
		return nil
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Truth rewards a correct answer with 1 and anything else with 0.
func Truth(r *negativa.Rollout) float64 { return one(r.Verdict.Outcome == negativa.Correct) }

// Inverted rewards all that is not correct.
func Inverted(r *negativa.Rollout) float64 { return 1 - Truth(r) }

// Format rewards an answer that could be read, right or wrong.
func Format(r *negativa.Rollout) float64 {
	return one(r.Verdict.Outcome == negativa.Correct || r.Verdict.Outcome == negativa.Wrong)
}

// Random rewards each sample with probability gamma, whatever it says: a draw addressed by
// the step, the place of its problem and its own index.
func Random(gamma float64, seed uint64) Function {
	source := draw.New(seed, "reward")
	return func(step int, groups []negativa.Group) error {
		for i := range groups {
			for j := range groups[i].Rollouts {
				s := source.At(uint64(step), uint64(i))
				groups[i].Rollouts[j].Reward = one(s.Float64(uint64(j)) < gamma)
			}
		}
		return nil
	}
}

// majority rewards the samples whose answer is the one that most samples of their problem
// give, the first of those that as many give. It needs no gold answer. A sample without an
// answer has no vote.
func majority(_ int, groups []negativa.Group) error {
	for i := range groups {
		winner := plurality(groups[i].Rollouts)
		for j := range groups[i].Rollouts {
			r := &groups[i].Rollouts[j]
			r.Reward = one(winner != "" && r.Verdict.Answer == winner)
		}
	}
	return nil
}

func plurality(rollouts []negativa.Rollout) (winner string) {
	votes := map[string]int{}
	for i := range rollouts {
		votes[rollouts[i].Verdict.Answer]++
	}
	for i := range rollouts {
		if a := rollouts[i].Verdict.Answer; a != "" && (winner == "" || votes[a] > votes[winner]) {
			winner = a
		}
	}
	return winner
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
