package verify

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// comparison compares resolved answers within one budget.
type comparison struct {
	budget   *algebra.Budget
	decimals int    // to which numbers are rounded before they are called different; 0: none
	how      string // the last decision of algebra
	over     bool   // some part was over budget
}

// maxItems bounds the members of lists that are matched with each other.
const maxItems = 64

// equal tells whether two answers are the same.
func (c *comparison) equal(g, p *node) bool {
	if n, m := only(g), only(p); n != g || m != p {
		return c.equal(n, m)
	}
	switch {
	case isReals(g) || isReals(p):
		return c.reals(g, p)
	case g.shape == words || p.shape == words:
		return c.words(g, p)
	case g.name != "" && p.name != "" && g.name != p.name && !sameNamed(g, p):
		return g.difference != nil && p.difference != nil && (hasSymbols(g) || hasSymbols(p)) && c.multiples(g.difference, p.difference, false)
	case strings.Contains(g.name, "+") && p.name == "" && p.difference == nil:
		c.how = "an equation of several unknowns is more than its right side"
		return false
	case g.shape == relation || p.shape == relation:
		return c.relations(g, p)
	case g.shape == scalar && p.shape == scalar:
		return c.scalars(g, p)
	case g.shape == ratio || p.shape == ratio:
		return c.ratios(g, p)
	case g.shape == region || p.shape == region:
		return c.regions(asRegion(g, c.budget), asRegion(p, c.budget))
	case g.shape == absent && p.shape == absent:
		c.how = "both are the empty set"
		return true
	case g.shape == absent || p.shape == absent:
		c.how = "one is the empty set, the other is not"
		return false
	case g.shape == list || p.shape == list:
		return c.lists(g, p)
	case g.shape == matrix && p.shape == matrix:
		return g.rows == p.rows && c.inOrder(g.items, p.items)
	case g.shape == matrix && p.shape == tuple:
		return len(g.items) == g.rows && c.inOrder(g.items, p.items)
	case g.shape == tuple && p.shape == matrix:
		return len(p.items) == p.rows && c.inOrder(g.items, p.items)
	case g.shape == tuple && p.shape == tuple:
		return c.sameBrackets(g, p) && c.inOrder(g.items, p.items)
	}
	c.how = "one is " + g.kindName() + ", the other " + p.kindName()
	return false
}

// isReals tells whether an answer names the whole real line.
func isReals(n *node) bool {
	if n.shape == scalar {
		return n.expr.Kind == algebra.Symbol && n.expr.Name == "R" && n.unit == ""
	}
	return n.shape == words && slices.Contains([]string{"allrealnumbers", "allreals", "realnumbers", "thereals", "r", "reals"}, normalText(n.text))
}

func (c *comparison) reals(g, p *node) bool {
	asLine := func(n *node) *node {
		if isReals(n) {
			return regionOf(everything())
		}
		return asRegion(n, c.budget)
	}
	if isReals(g) && isReals(p) || g.shape == scalar && p.shape == words || g.shape == words && p.shape == scalar || g.shape == scalar && p.shape == scalar {
		c.how = "one is all real numbers, the other is not"
		return c.asText(g) == c.asText(p) || isReals(g) && isReals(p)
	}
	return c.regions(asLine(g), asLine(p))
}

// only is the member of a list of one. The set of the empty set is not empty.
func only(n *node) *node {
	if n.shape == list && len(n.items) == 1 && n.items[0].shape != absent {
		return n.items[0]
	}
	return n
}

func (n *node) kindName() string {
	return [...]string{"a number or expression", "a list or set", "a tuple or interval", "a matrix", "a union", "a relation", "a ratio", "text", "the empty set", "an interval"}[n.shape]
}

// sameNamed accepts y for f(x), and a letter in another case.
func sameNamed(g, p *node) bool {
	if isChoice(g) && isChoice(p) { // their letters count
		return strings.EqualFold(g.name, p.name)
	}
	return strings.EqualFold(g.name, p.name) || g.name == "y" && isFunction(p.name) || p.name == "y" && (isFunction(g.name) || isInverse(g.name)) || isChoice(g) || isChoice(p)
}

func isChoice(n *node) bool { return strings.HasPrefix(n.name, "choice") }

func isFunction(name string) bool { return strings.HasPrefix(name, "f(") }

func isInverse(name string) bool { return strings.HasPrefix(name, "f^-1(") }

func (c *comparison) sameBrackets(g, p *node) bool {
	if len(g.items) != 2 || g.open == p.open && g.close == p.close {
		return true
	}
	c.how = "an end is within one interval and not within the other"
	return false
}

func (c *comparison) inOrder(g, p []*node) bool {
	if len(g) != len(p) {
		c.how = fmt.Sprintf("%d parts against %d", len(g), len(p))
		return false
	}
	for i := range g {
		if !c.equal(g[i], p[i]) {
			return false
		}
	}
	return true
}

// lists matches members one to one; where both name theirs, by name, and where one names
// them differently and the other does not, in order.
func (c *comparison) lists(g, p *node) bool {
	gs, ps := distinct(g), distinct(p)
	if namesDiffer(gs) != namesDiffer(ps) || g.shape == tuple || p.shape == tuple {
		if isInterval(g) || isInterval(p) {
			c.how = "one is an interval, the other a list"
			return false
		}
		if g.open == '{' || p.open == '{' {
			c.how = "a set has no order, a tuple has one"
			return false
		}
		return c.inOrder(gs, ps)
	}
	if len(gs) > maxItems || len(ps) > maxItems {
		c.over = true
		return false
	}
	gs, ps = c.unrepeated(gs), c.unrepeated(ps)
	if len(gs) != len(ps) {
		same := (len(gs) == 1 || len(ps) == 1) && c.allEqual(gs, ps)
		if !same {
			c.how = fmt.Sprintf("%d members against %d", len(gs), len(ps))
		}
		return same
	}
	free := slices.Clone(ps)
	for _, x := range gs {
		i := slices.IndexFunc(free, func(y *node) bool { return c.equal(x, y) })
		if i < 0 {
			c.how = x.String() + " is missing"
			return false
		}
		free = slices.Delete(free, i, i+1)
	}
	return true
}

// isInterval tells whether a pair has a bracket that only an interval has.
func isInterval(n *node) bool {
	return n.shape == tuple && len(n.items) == 2 && (n.open == '[' || n.close == ']')
}

// allEqual tells whether lists are one value, said in several ways: each member equals
// every other.
func (c *comparison) allEqual(gs, ps []*node) bool {
	all := slices.Concat(gs, ps)
	for i, x := range all {
		for _, y := range all[i+1:] {
			if !c.equal(x, y) {
				return false
			}
		}
	}
	return len(gs) > 0 && len(ps) > 0
}

func distinct(n *node) []*node {
	if n.shape == list || n.shape == tuple {
		return n.items
	}
	return []*node{n}
}

// unrepeated leaves each member once.
func (c *comparison) unrepeated(items []*node) []*node {
	var out []*node
	seen := map[string]bool{}
	for _, item := range items {
		key := item.name + "=" + item.String()
		if !seen[key] {
			seen[key] = true
			out = append(out, item)
		}
	}
	return out
}

// namesDiffer tells whether members are the values of different names. The roots x_1 and
// x_2 have one name.
func namesDiffer(items []*node) bool {
	root := func(name string) bool { return strings.HasPrefix(name, "x_") }
	for _, item := range items {
		if item.name != "" && item.name != items[0].name && !(root(item.name) && root(items[0].name)) {
			return true
		}
	}
	return false
}

func (c *comparison) decide(x, y *algebra.Expr) bool {
	d, err := algebra.Equal(x, y, c.budget)
	if errors.Is(err, algebra.ErrBudget) {
		c.over = true
		c.how = "comparing them would exceed the bounds on work"
		return false
	}
	if err != nil {
		c.how = err.Error()
		return false
	}
	c.how = d.How
	return d.Equal
}

func (c *comparison) scalars(g, p *node) bool {
	gu, pu := unitForm(g.unit), unitForm(p.unit)
	if (gu == "%") != (pu == "%") && (gu == "" || pu == "") {
		return c.percent(g, p, gu == "%")
	}
	if !sameUnit(g.unit, p.unit) {
		c.how = fmt.Sprintf("the unit is %q, not %q", pu, gu)
		return false
	}
	return c.same(g.expr, p.expr) || sameLetters(g, p)
}

// percent compares n percent with a number: n hundredths, or n, which is how a percentage
// is often written, unless the gold is a fraction of 1.
func (c *comparison) percent(g, p *node, goldIsPercent bool) bool {
	size, _ := algebra.Float(g.expr, c.budget)
	if (goldIsPercent || math.Abs(size) >= 1) && c.same(g.expr, p.expr) {
		return true
	}
	hundredth := algebra.Rat(big.NewRat(1, 100))
	if goldIsPercent {
		return c.same(g.expr, algebra.Mul(p.expr, algebra.Int(100)))
	}
	return c.same(g.expr, algebra.Mul(p.expr, hundredth))
}

// sameLetters compares runs of letters without case.
func sameLetters(g, p *node) bool {
	return g.text != "" && p.text != "" && strings.EqualFold(g.text, p.text) && len(g.text) > 1
}

// relations compares equations up to a factor, and inequalities up to a positive one.
func (c *comparison) relations(g, p *node) bool {
	gd, pd := g.difference, p.difference
	if gd != nil && pd != nil && (g.shape == relation) != (p.shape == relation) {
		c.how = "the relations differ"
		return isEquation(g) && isEquation(p) && c.multiples(gd, pd, false)
	}
	if g.shape != p.shape {
		c.how = "one is " + g.kindName() + ", the other " + p.kindName()
		return false
	}
	if !slices.Equal(g.ops, p.ops) {
		c.how = "the relations differ"
		return false
	}
	if gd != nil && pd != nil && len(g.items) == 2 {
		return c.multiples(gd, pd, g.ops[0] != "=" && g.ops[0] != "≠")
	}
	return c.inOrder(g.items, p.items)
}

// isEquation tells an equation, or the value that one gives a name, from an inequality.
func isEquation(n *node) bool { return n.shape != relation || n.ops[0] == "=" }

// multiples tells whether x is a constant times y, and a positive one if that is asked.
func (c *comparison) multiples(x, y *algebra.Expr, positive bool) bool {
	names := map[string]bool{}
	x.Symbols(names)
	others := map[string]bool{}
	y.Symbols(others)
	if len(names) != len(others) {
		c.how = "the unknowns differ"
		return false
	}
	u, v := x, y
	k := int64(3)
	for _, name := range sortedNames(names) {
		if !others[name] {
			c.how = "the unknowns differ"
			return false
		}
		u, v = algebra.Substitute(u, name, algebra.Rat(big.NewRat(k, 7))), algebra.Substitute(v, name, algebra.Rat(big.NewRat(k, 7)))
		k = k*5 + 2
	}
	if sign, ok := algebra.Compare(v, algebra.Int(0), c.budget); ok && sign == 0 {
		return c.decide(x, y)
	}
	factor := algebra.Div(u, v)
	if sign, ok := algebra.Compare(factor, algebra.Int(0), c.budget); positive && (!ok || sign <= 0) || ok && sign == 0 {
		c.how = "they point in different directions"
		return false
	}
	return c.decide(x, algebra.Mul(factor, y))
}

func sortedNames(names map[string]bool) []string {
	out := make([]string, 0, len(names))
	for name := range names {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// ratios compares proportions. What can be a time of the day must be the same digits.
func (c *comparison) ratios(g, p *node) bool {
	if g.shape == scalar && p.shape == ratio {
		g, p = p, g
	}
	if p.shape == scalar && len(g.items) == 2 && g.items[0].shape == scalar && g.items[1].shape == scalar {
		return c.decide(algebra.Div(g.items[0].expr, g.items[1].expr), p.expr)
	}
	if g.shape != ratio || p.shape != ratio || len(g.items) != len(p.items) {
		c.how = "one is " + g.kindName() + ", the other " + p.kindName()
		return false
	}
	if g.text != "" && p.text != "" {
		return c.inOrder(g.items, p.items)
	}
	for i := 1; i < len(g.items); i++ {
		a, b, x, y := g.items[0], g.items[i], p.items[0], p.items[i]
		if a.shape != scalar || b.shape != scalar || x.shape != scalar || y.shape != scalar {
			return c.inOrder(g.items, p.items)
		}
		if !c.decide(algebra.Mul(a.expr, y.expr), algebra.Mul(b.expr, x.expr)) {
			return false
		}
	}
	return true
}

func (c *comparison) regions(g, p *node) bool {
	if g.shape != region || p.shape != region {
		c.how = "one is " + g.kindName() + ", the other " + p.kindName()
		return false
	}
	if len(g.pieces) != len(p.pieces) {
		c.how = fmt.Sprintf("%d intervals against %d", len(g.pieces), len(p.pieces))
		return false
	}
	for i, x := range g.pieces {
		y := p.pieces[i]
		if x.lowWithin != y.lowWithin || x.highWithin != y.highWithin {
			c.how = "an end is within one interval and not within the other"
			return false
		}
		if !c.sameEnd(x.low, y.low) || !c.sameEnd(x.high, y.high) {
			return false
		}
	}
	return true
}

// sameEnd compares the ends of intervals, which may be infinite.
func (c *comparison) sameEnd(x, y *algebra.Expr) bool {
	if algebra.Infinite(x) != 0 || algebra.Infinite(y) != 0 {
		return algebra.Infinite(x) == algebra.Infinite(y)
	}
	return c.same(x, y)
}

// words compares text without case and marks. A letter of a choice may stand alone or
// before the text of its choice.
func (c *comparison) words(g, p *node) bool {
	if g.shape == list || p.shape == list {
		return c.lists(namesIn(g), namesIn(p))
	}
	x, y := c.asText(g), c.asText(p)
	if a, b := numberWord(g), numberWord(p); a != nil && b != nil {
		return c.equal(a, b)
	}
	sameKind := g.name != "time" && p.name != "time" || g.name == p.name || strings.Contains(x+y, ":")
	if x != "" && x == y && sameKind {
		c.how = "the same words"
		return true
	}
	c.how = "the words differ"
	return false
}

// namesIn is the list of what a text joins by commas and "and": Alice and Bob.
func namesIn(n *node) *node {
	if n.shape != words {
		return n
	}
	out := &node{shape: list}
	for name := range strings.SplitSeq(strings.ReplaceAll(n.text, " and ", ","), ",") {
		if strings.TrimSpace(name) != "" {
			out.items = append(out.items, textNode(name))
		}
	}
	return out
}

func (c *comparison) asText(n *node) string {
	switch {
	case n.shape == words && n.name == "time":
		return n.text
	case n.shape == words:
		return normalText(n.text)
	case n.text != "":
		return normalText(n.text)
	case strings.HasPrefix(n.name, "choice "):
		return normalText(n.name[len("choice "):])
	case n.shape == scalar && n.unit == "":
		return scalarText(n.expr)
	}
	return ""
}

// scalarText is the letters of a product of letters.
func scalarText(x *algebra.Expr) string {
	switch x.Kind {
	case algebra.Symbol, algebra.Constant:
		return strings.ToLower(x.Name)
	case algebra.Product:
		var b strings.Builder
		for _, a := range x.Args {
			s := scalarText(a)
			if s == "" {
				return ""
			}
			b.WriteString(s)
		}
		return b.String()
	}
	return ""
}

var numberWords = []string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen",
	"sixteen", "seventeen", "eighteen", "nineteen", "twenty",
}

// numberWord reads a number, in digits or in a word.
func numberWord(n *node) *node {
	if n.shape == scalar && n.expr.Kind == algebra.Number {
		return n
	}
	if i := slices.Index(numberWords, normalText(n.text)); i >= 0 {
		return number(algebra.Int(int64(i)))
	}
	return nil
}
