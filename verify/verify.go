// Package verify says of each sample what it is: correct, wrong, or why neither can be
// said. It is pure, and it never turns a failure into a guess.
//
// Math grades mathematical answers, and is the place to begin; its zero value is ready:
//
//	g := verify.Math{}.Grade(`\frac{1}{2}`, `So it is $\boxed{0.5}$.`)
//	fmt.Println(g.Outcome) // correct
//
// It finds the answer in a response, behind </think> if that is there: what the last
// <answer> holds, else the last \boxed, the last ####, the last "answer is", the final
// line, the last formula or number. It reads the answer and the gold as exact expressions,
// sets, tuples, intervals, matrices, equations or words, and compares what they mean. The
// outcome is one of
//
//	correct              the two mean the same
//	wrong                the answer was understood, and means something else
//	unparsed prediction  there is no answer, or it cannot be read
//	unparsed gold        the gold cannot be read: mend the problem
//	over budget          to say would take more work than is allowed
//
// and comes with its reason; Math.Explain tells how it was come by. Numbers are exact: a
// rounded decimal is wrong, unless New was asked for a tolerance. Lists and sets have no
// order, tuples have one. A missing unit is forgiven, a different one is wrong. Words
// compare without case.
//
// Work is bounded by the size of what is read and compared, not by a clock, so a verdict is
// the same on every machine. Everything is safe for concurrent use.
package verify

import "github.com/negativa-lab/negativa"

// Version names the verifiers' behaviour. It is stamped on every number that rests on
// a verdict, and changes when a verdict can.
const Version = "2"

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
