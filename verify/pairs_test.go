package verify

import (
	"testing"

	"github.com/negativa-lab/negativa"
)

// The pairs were written after the verifier: equal answers beside the nearest unequal ones.
func TestPairs(t *testing.T) {
	var m Math
	for _, r := range table(t, "pairs.jsonl") {
		g := m.Grade(r.Gold, r.Response)
		if (g.Outcome == negativa.Correct) != r.Expected {
			t.Errorf("%s: %s for gold %s is %v: %s", r.ID, r.Response, r.Gold, g.Outcome, g.Reason)
		}
	}
}
