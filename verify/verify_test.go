package verify

import (
	"testing"

	"github.com/negativa-lab/negativa"
)

// echo calls a completion correct if it repeats the problem's gold answer.
type echo struct{}

func (echo) Verify(p negativa.Problem, completion string) negativa.Verdict {
	if completion == p.Gold {
		return negativa.Verdict{Outcome: negativa.Correct, Answer: completion}
	}
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: "not the gold answer"}
}

func TestGroupsJudgesEachSampleAgainstItsOwnProblem(t *testing.T) {
	groups := []negativa.Group{
		{Problem: negativa.Problem{Gold: "a"}, Rollouts: []negativa.Rollout{{Text: "a"}, {Text: "b"}}},
		{Problem: negativa.Problem{Gold: "b"}, Rollouts: []negativa.Rollout{{Text: "a"}, {Text: "b"}, {Text: "b"}}},
	}
	Groups(echo{}, groups)
	want := [][]negativa.Outcome{{negativa.Correct, negativa.Wrong}, {negativa.Wrong, negativa.Correct, negativa.Correct}}
	for i, g := range groups {
		for j, r := range g.Rollouts {
			if r.Verdict.Outcome != want[i][j] {
				t.Errorf("sample %d of problem %d is %v, want %v", j, i, r.Verdict.Outcome, want[i][j])
			}
		}
	}
	if counts := Tally(groups); counts[negativa.Correct] != 3 || counts[negativa.Wrong] != 2 || len(counts) != 2 {
		t.Errorf("tally = %v, want 3 correct and 2 wrong", counts)
	}
}
