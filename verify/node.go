package verify

import (
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// shape is what an answer is.
type shape uint8

const (
	scalar   shape = iota // expr, perhaps with a unit
	list                  // items in no order: a set, or alternatives
	tuple                 // items in order within brackets: a point, a vector, an interval
	matrix                // rows of items
	union                 // regions joined; op tells how
	relation              // items joined by ops
	ratio                 // items in proportion
	words                 // text
	absent                // the empty set
	region                // pieces of the real line
)

// node is an answer, or a part of one.
type node struct {
	shape       shape
	expr        *algebra.Expr
	unit        string
	items       []*node
	rows        int      // of a matrix
	ops         []string // of a relation, a union, and what stood between the members of a list
	open, close byte     // of a tuple
	text        string
	name        string // what the value was called: x in x = 5
	pieces      []piece
	difference  *algebra.Expr // of the sides of an equation or inequality
}

func number(x *algebra.Expr) *node { return &node{shape: scalar, expr: x} }

func textNode(s string) *node { return &node{shape: words, text: s} }

// normalText is what counts of a text: letters and digits without case.
func normalText(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 0x7f {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// String writes the normal form of an answer.
func (n *node) String() string {
	switch n.shape {
	case scalar:
		s, err := algebra.Normal(n.expr, algebra.DefaultBudget())
		if err != nil {
			s = "(" + err.Error() + ")"
		}
		if n.unit != "" {
			s += " " + n.unit
		}
		return s
	case words:
		return strings.ToLower(strings.TrimSpace(n.text))
	case absent:
		return "{}"
	case region:
		return n.regionString()
	}
	parts := make([]string, len(n.items))
	for i, item := range n.items {
		parts[i] = item.String()
	}
	return n.joined(parts)
}

func (n *node) joined(parts []string) string {
	switch n.shape {
	case tuple:
		return string(n.open) + strings.Join(parts, ",") + string(n.close)
	case matrix:
		var rows []string
		for width := len(parts) / n.rows; len(parts) > 0; parts = parts[width:] {
			rows = append(rows, "["+strings.Join(parts[:width], ",")+"]")
		}
		return "[" + strings.Join(rows, ",") + "]"
	case ratio:
		return strings.Join(parts, ":")
	case union:
		return strings.Join(parts, " "+n.ops[0]+" ")
	case relation:
		var b strings.Builder
		for i, p := range parts {
			if i > 0 {
				b.WriteString(n.ops[i-1])
			}
			b.WriteString(p)
		}
		return b.String()
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// isAnswer tells an answer from words that may be any text, and from a sentence that commas
// make a list of.
func (n *node) isAnswer() bool {
	isText := func(item *node) bool { return item.shape == words && item.name == "" }
	if n.shape == list && slices.ContainsFunc(n.items, isText) {
		return !slices.ContainsFunc(n.items, func(item *node) bool { return !isText(item) || len(strings.Fields(item.text)) > 3 })
	}
	return !isText(n)
}
