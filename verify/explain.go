package verify

import (
	"fmt"
	"strings"
)

// Explain tells, a line a step, how Grade comes to its verdict: the mode, what the gold
// text states and how it is read, which rule found which answer in the response and how
// that is read, and the verdict with its reason. A normal form that could not be had has
// no line.
func (m Math) Explain(gold, response string) string {
	var b strings.Builder
	step := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, text)
		}
	}
	g := m.Grade(gold, response)
	step("mode", m.name())
	step("gold", shortened(goldAnswer(gold)))
	step("  read as", g.GoldNormal)
	if found, ok := m.find(response); ok {
		step("answer", fmt.Sprintf("%s, by %s", shortened(strings.TrimSpace(found.text)), found.rule))
		if boxes := len(found.boxes); boxes > 1 {
			step("  boxes", fmt.Sprint(boxes))
		}
	} else {
		step("answer", "none found")
	}
	step("  read as", g.PredictionNormal)
	step("verdict", fmt.Sprintf("%v: %s", g.Outcome, g.Reason))
	return b.String()
}

func (m Math) name() string {
	name := m.mode
	if name == "" {
		name = modeMath
	}
	if m.decimals > 0 {
		name += fmt.Sprintf(":decimals=%d", m.decimals)
	}
	return name
}
