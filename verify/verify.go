// Package verify says of each sample what it is: correct, wrong, or why neither can be
// said. It is pure, and it never turns a failure into a guess.
package verify

import "github.com/negativa-lab/negativa"

// Version names the verifiers' behaviour. It is stamped on every number that rests on
// a verdict, and changes when a verdict can.
const Version = "1"

// Verifier decides whether a completion answers a problem. It must be pure and take any
// text.
type Verifier interface {
	Verify(p negativa.Problem, completion string) negativa.Verdict
}

// Groups gives every rollout its verdict.
func Groups(v Verifier, groups []negativa.Group) {
	for i := range groups {
		for j := range groups[i].Rollouts {
			r := &groups[i].Rollouts[j]
			r.Verdict = v.Verify(groups[i].Problem, r.Text)
		}
	}
}

// Tally counts the verdicts of groups by outcome.
func Tally(groups []negativa.Group) map[negativa.Outcome]int {
	counts := map[negativa.Outcome]int{}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			counts[r.Verdict.Outcome]++
		}
	}
	return counts
}
