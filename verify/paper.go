package verify

import (
	"math"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// extractAsPaper is the rule of the code of 2506.01347: what follows the last "boxed",
// else what follows "he answer is", else the last number.
func extractAsPaper(response string) (extracted, bool) {
	if i := strings.LastIndex(response, "boxed"); i >= 0 {
		rest := response[i+len("boxed"):]
		if strings.HasPrefix(rest, "{") {
			if j := closing(rest, 0); j > 0 {
				return extracted{text: rest[1:j], rule: ruleBox}, true
			}
			return extracted{text: rest[1:], rule: ruleBox}, true
		}
		text, _, _ := strings.Cut(rest, "$")
		return extracted{text: text, rule: ruleBox}, true
	}
	if i := strings.LastIndex(response, "he answer is"); i >= 0 {
		text, _, _ := strings.Cut(response[i+len("he answer is"):], ". ")
		return extracted{text: text, rule: rulePhrase}, true
	}
	if n := lastNumber(response); n != "" {
		return extracted{text: n, rule: ruleNumber}, true
	}
	return extracted{}, false
}

// withinTolerance is the numeric rule of the code of 2506.01347: the answer is within a
// relative 1e-4 of the gold, of its hundredth, or of its hundredfold.
func withinTolerance(gold, answer *node) bool {
	if gold.shape != scalar || answer.shape != scalar {
		return false
	}
	g, ok := algebra.Float(gold.expr, algebra.DefaultBudget())
	if !ok {
		return false
	}
	a, ok := algebra.Float(answer.expr, algebra.DefaultBudget())
	if !ok {
		return false
	}
	for _, scale := range []float64{0.01, 1, 100} {
		if math.Abs(a-g*scale) <= 1e-4*math.Abs(a) {
			return true
		}
	}
	return false
}
