package verify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/nearest"
	"github.com/negativa-lab/negativa/verify/algebra"
)

// Math grades mathematical answers: extract, parse, compare. Its zero value is the mode
// "math"; New has the others. It is pure, safe for concurrent use, takes any text, and does a bounded amount
// of work.
type Math struct {
	mode     string
	decimals int // to which numbers are rounded before they are called different; 0: none
}

// Modes of New.
const (
	modeMath   = "math"   // the last box counts, values are compared exactly
	modeStrict = "strict" // as math, and boxes or sides of equations that disagree are wrong: for training
	modePaper  = "paper"  // the extraction and the tolerance of the code of 2506.01347
)

// Modes lists the modes of New.
func Modes() []string { return []string{modeMath, modeStrict, modePaper} }

// New returns the grader of a mode: "math", where the last box counts and values are
// compared exactly; "strict", for training, where moreover boxes that disagree, and chains
// of numbers called equal that are not, are wrong; "paper", with the extraction and the
// tolerance of the code of 2506.01347. Another mode is an error that names the nearest.
//
// With "math:decimals=4" or "strict:decimals=4", real numbers that are the same when they
// are rounded to 4 decimals (1 to 12) are equal too, alone and within lists, tuples,
// intervals and matrices, and the reason says so.
func New(mode string) (Math, error) {
	name, option, hasOption := strings.Cut(mode, ":")
	if slices.Contains(Modes(), name) {
		m := Math{mode: name}
		var err error
		if hasOption {
			m.decimals, err = decimalsOf(name, option)
		}
		return m, err
	}
	return Math{}, fmt.Errorf("mode %q is not known: did you mean %q? (modes: %s)", mode, nearest.To(mode, Modes()), strings.Join(Modes(), ", "))
}

func (m Math) comparison() comparison {
	return comparison{budget: algebra.DefaultBudget(), decimals: m.decimals}
}

// Grade is a verdict with what it rests on.
type Grade struct {
	Outcome          negativa.Outcome
	Reason           string // why it is not correct; of a correct one, how that was found
	Extracted        string // the answer as it stands in the response
	GoldNormal       string // the gold in normal form; empty if unparsed
	PredictionNormal string // the answer in normal form; empty if unparsed
}

// Grade compares a response with a gold answer, which may be bare, in dollars, or at the
// end of a whole solution.
func (m Math) Grade(gold, response string) Grade {
	reference, goldText, err := m.readGold(gold)
	if err != nil {
		return Grade{Outcome: negativa.UnparsedGold, Reason: fmt.Sprintf("the gold %q cannot be read: %v", shortened(goldText), err)}
	}
	g := Grade{GoldNormal: reference.String()}
	found, ok := m.find(response)
	if !ok {
		g.Outcome, g.Reason = negativa.UnparsedPrediction, "there is no answer in the response"
		return g
	}
	g.Extracted = strings.TrimSpace(found.text)
	answer, err := readAnswer(found.text, thousands)
	if err != nil {
		g.Outcome, g.Reason = negativa.UnparsedPrediction, fmt.Sprintf("%s cannot be read: %v", found.rule, err)
		return g
	}
	g.PredictionNormal = answer.String()
	if m.mode == modeStrict {
		if other := unfinished(response); other != "" {
			g.Outcome, g.Reason = negativa.Wrong, fmt.Sprintf("a box after the answer is not finished: %s", shortened(other))
			return g
		}
		if other := m.disagreeing(found); other != "" {
			g.Outcome, g.Reason = negativa.Wrong, fmt.Sprintf("boxes disagree: %s and %s", shortened(other), shortened(g.Extracted))
			return g
		}
		if chain, err := parse(found.text); err == nil && contradicts(chain, algebra.DefaultBudget()) {
			g.Outcome, g.Reason = negativa.Wrong, "numbers are called equal that are not"
			return g
		}
	}
	m.judge(&g, reference, answer, goldText, found)
	return g
}

// judge compares the two readings, and other readings of their commas.
func (m Math) judge(g *Grade, reference, answer *node, goldText string, found extracted) {
	c := m.comparison()
	switch {
	case c.equal(reference, answer), c.otherCommas(goldText, found.text), c.gluedUnit(reference, answer, goldText, found.text):
		g.Outcome, g.Reason = negativa.Correct, c.how
	case m.mode == modePaper && withinTolerance(reference, answer):
		g.Outcome, g.Reason = negativa.Correct, "equal within the tolerance of 1e-4, as a number or a percentage"
	case c.over:
		g.Outcome, g.Reason = negativa.OverBudget, "comparing it with the gold would exceed the bounds on work"
	default:
		g.Outcome, g.Reason = negativa.Wrong, c.how
	}
}

// A number with one letter behind it, which may be a unit: 5m, 3.2 s, 1,000 m².
var lettered = regexp.MustCompile(`^\$?(-?[\d.,]*\d) ?([mshgl])(\^\{?[23]\}?|[²³])?\$?$`)

// gluedUnit reads a letter behind a number as a unit where the other text has one, or where a
// square or a cube is written as type has it: nobody writes a variable so.
func (c *comparison) gluedUnit(gold, answer *node, goldText, answerText string) bool {
	how := c.how
	g, goldRead := readWithUnit(goldText, answer)
	p, answerRead := readWithUnit(answerText, gold)
	if goldRead && c.equal(g, answer) || answerRead && c.equal(gold, p) {
		return true
	}
	c.how = how
	return false
}

func readWithUnit(text string, other *node) (*node, bool) {
	parts := lettered.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil || other.unit == "" && parts[3] != "²" && parts[3] != "³" {
		return nil, false
	}
	n, err := readAnswer(parts[1]+`\text{ `+parts[2]+`}`+parts[3], thousands)
	return n, err == nil
}

var ambiguous = regexp.MustCompile(`\d,\d`)

// inThousands is a number whose commas set thousands apart, and nothing else.
var inThousands = regexp.MustCompile(`^\$?-?\d{1,3}(?:,\d{3})+(?:\.\d+)?\$?$`)

// otherCommas tries the readings of a comma between digits: it sets thousands apart, or
// members, or decimals. The readings of the two sides are chosen freely, as both were
// written by somebody who knew what they meant.
func (c *comparison) otherCommas(gold, answer string) bool {
	if !ambiguous.MatchString(gold) && !ambiguous.MatchString(answer) || inThousands.MatchString(gold) && inThousands.MatchString(answer) {
		return false
	}
	how := c.how
	for _, pair := range [][2]comma{{separates, separates}, {decimal, decimal}, {decimal, thousands}, {thousands, decimal}} {
		g, err := readAnswer(gold, pair[0])
		if err != nil {
			continue
		}
		p, err := readAnswer(answer, pair[1])
		if err == nil && c.equal(g, p) {
			return true
		}
	}
	c.how = how
	return false
}

// readGold reads a gold answer: a whole text if it holds a box or a formula, or the answer
// itself.
func (m Math) readGold(gold string) (*node, string, error) {
	text := goldAnswer(gold)
	n, err := readAnswer(text, thousands)
	if err == nil && n.shape == words && len(strings.Fields(n.text)) > 8 {
		err = errors.New("it is prose")
	}
	return n, text, err
}

// goldAnswer is the answer that a gold text states.
func goldAnswer(gold string) string {
	gold = meant.Replace(gold)
	if e, ok := extractBox(gold); ok {
		return e.text
	}
	if strings.Contains(gold, "####") {
		if e, ok := extractHash(gold); ok {
			return e.text
		}
	}
	if n, err := parse(gold); err == nil && (!hasWords(n) || !strings.Contains(gold, "$") || unwrapped(strings.TrimSpace(gold)) != gold) {
		return gold
	}
	if f, ok := lastFormula(gold); ok {
		return f
	}
	return gold
}

// hasWords tells whether text is part of an answer.
func hasWords(n *node) bool { return n.shape == words || slices.ContainsFunc(n.items, hasWords) }

// readAnswer reads an answer. Where that gives words or nothing, it is what a label
// introduces.
func readAnswer(text string, c comma) (*node, error) {
	n, err := parseAs(text, c)
	if err != nil || !n.isAnswer() {
		if n != nil {
			text = n.text
		}
		if m, e := parseAs(unlabelled(text), c); e == nil && m.isAnswer() && len(strings.Fields(m.unit)) < 2 {
			n, err = m, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return resolved(n, algebra.DefaultBudget()), nil
}

// label is what may introduce an answer: "The price is", \text{Answer: }. It names what the
// number is and says nothing else of it: "Twice the price is" introduces another number.
var label = func() *regexp.Regexp {
	const (
		noun  = `(?:answers?|solutions?|results?|values?|total|sum|product|difference|quotient|remainder|number|amount|probability|price|cost|area|perimeter|volume|length|width|height|distance|time|speed|rate|age|mean|median|average|maximum|minimum)`
		named = `(?i:(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|our|its|his|her|their)\s+)?(?:(?:final|correct|total|exact|required|minimum|maximum|smallest|largest|least|greatest|average)\s+)?` + noun + `(?:\s+of\s+(?:the\s+)?[a-z]+)?)`
		words = named + `(?:\s+(?:is|are)\b:?|\s*:)\s*`
	)
	return regexp.MustCompile(`^\s*(?:\\(?:text|textbf|textrm|mbox)\s*\{\s*` + words + `\}|` + words + `)`)
}()

// unlabelled is what a label introduces.
func unlabelled(answer string) string {
	introduction := label.FindString(answer)
	if introduction == "" {
		return ""
	}
	return answer[len(introduction):]
}

func (m Math) find(response string) (extracted, bool) {
	if m.mode == modePaper {
		return extractAsPaper(response)
	}
	return extract(response)
}

// disagreeing is a box that says something else than the last one.
func (m Math) disagreeing(e extracted) string {
	if len(e.boxes) < 2 {
		return ""
	}
	last, err := readAnswer(e.boxes[len(e.boxes)-1], thousands)
	if err != nil {
		return ""
	}
	for _, text := range e.boxes[:len(e.boxes)-1] {
		c := m.comparison()
		if n, err := readAnswer(text, thousands); (err != nil || !c.equal(last, n)) && !strings.Contains(e.text, text) {
			return text
		}
	}
	return ""
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}

// Verify grades a completion of a problem. The verdict's answer is the normal form.
func (m Math) Verify(p negativa.Problem, completion string) negativa.Verdict {
	g := m.Grade(p.Gold, completion)
	v := negativa.Verdict{Outcome: g.Outcome, Reason: g.Reason, Answer: g.PredictionNormal}
	if g.Outcome == negativa.Correct {
		v.Reason, v.Answer = "", g.GoldNormal
	}
	return v
}

// CheckGold tells why a text cannot be a gold answer; nil if it can.
func (m Math) CheckGold(gold string) error {
	_, text, err := m.readGold(gold)
	if err != nil {
		return fmt.Errorf("the gold %q cannot be read: %w", shortened(text), err)
	}
	return nil
}

// Extract returns the answer of a response as it stands there, and the rule that found it
// ("the last box", "the final line", …); ok is false if there is none.
func (m Math) Extract(response string) (answer, rule string, ok bool) {
	e, ok := m.find(response)
	return strings.TrimSpace(e.text), e.rule, ok
}
