package verify

import (
	"regexp"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

var (
	clock   = regexp.MustCompile(`^(\d{1,2})\s*:\s*(\d\d)\s*(?:\\(?:text|mbox|textrm|mathrm)\s*)?\{?\s*([aApP])\.?\s*[mM]\.?\s*\}?$`)
	hour    = regexp.MustCompile(`^(\d{1,2})\s*(?:\\(?:text|mbox|textrm|mathrm)\s*)?\{?\s*([aApP])\.?\s*[mM]\.?\s*\}?$`)
	digit   = regexp.MustCompile(`^\(?([0-9A-Z]*[A-Z][0-9A-Z]*)\)?_(\d+)$`)
	pure    = regexp.MustCompile(`^(\d{1,2}):(\d\d)$`)
	choice  = regexp.MustCompile(`^(?:\\(?:text|textbf|mathrm|textrm|mathbf)\s*\{)?\s*\(?([A-Z])\)\s*\}?(.*)$`)
	flatten = strings.NewReplacer("{:}", ":", `\text{`, "", `\mbox{`, "", `\textrm{`, "", `\mathrm{`, "", "}", "", "{", "")
	lettre  = regexp.MustCompile(`^(?:\\(?:text|textbf|mathrm|textrm|mathbf|mbox)\s*\{)?\s*(?:(?:Option|Choice|option|choice)\s+)?\(?([A-Za-z])\)?[.:]?\s*\}?$`)
)

// special reads what the grammar of mathematics does not have: times of the day, digits
// beyond 9, letters of a choice.
func special(s string, c comma) *node {
	flat := flatten.Replace(s)
	if m := find(clock, ":", flat); m != nil {
		return timeOfDay(m[1], m[2], m[3])
	}
	if m := find(hour, "mM", flat); m != nil {
		return timeOfDay(m[1], "00", m[2])
	}
	if m := find(pure, ":", flat); m != nil {
		return &node{shape: ratio, items: []*node{number(integer(m[1])), number(integer(m[2]))}, text: flat}
	}
	if m := find(digit, "_", flat); m != nil {
		return textNode(m[1] + " base " + m[2])
	}
	if m := find(choice, ")", s); m != nil {
		rest := strings.TrimSpace(m[2])
		if strings.Count(rest, "}") > strings.Count(rest, "{") {
			rest = strings.TrimSuffix(rest, "}")
		}
		if rest == "" {
			return &node{shape: words, text: m[1], name: "choice"}
		}
		if inner, err := parseAs(rest, c); err == nil && inner.name == "" && len(s) < 200 {
			inner.name = "choice " + m[1]
			return inner
		}
	}
	if m := find(lettre, letters, s); m != nil && (len(s) > 1 || m[1] >= "A" && m[1] <= "Z") {
		return &node{shape: words, text: m[1], name: "choice", expr: algebra.Sym(m[1])}
	}
	return nil
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// find matches a pattern that needs one of some bytes; most texts have none.
func find(pattern *regexp.Regexp, needs, s string) []string {
	if !strings.ContainsAny(s, needs) {
		return nil
	}
	return pattern.FindStringSubmatch(s)
}

func integer(digits string) *algebra.Expr {
	n := int64(0)
	for _, c := range digits {
		n = n*10 + int64(c-'0')
	}
	return algebra.Int(n)
}

// timeOfDay writes a time in the 24 hours.
func timeOfDay(hours, minutes, half string) *node {
	h := 0
	for _, c := range hours {
		h = h*10 + int(c-'0')
	}
	if h < 1 || h > 12 {
		return textNode(hours + ":" + minutes + " " + half)
	}
	h %= 12
	if strings.EqualFold(half, "p") {
		h += 12
	}
	return &node{shape: words, name: "time", text: string(rune('0'+h/10)) + string(rune('0'+h%10)) + ":" + minutes}
}
