package verify

import (
	"math"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// resolved brings an answer into the form that is compared: x = 5 is 5 by the name of x,
// a chain of equations is its last member, an inequality of one unknown is its interval,
// an angle in degrees is a number with that unit.
func resolved(n *node, b *algebra.Budget) *node {
	switch n.shape {
	case scalar:
		return degrees(n)
	case relation:
		return resolveRelation(n, b)
	case union:
		return resolveUnion(n, b)
	case words, absent:
		return n
	}
	out := *n
	out.items = nil
	for _, item := range n.items {
		if n.shape == list && len(n.items) <= maxItems && slices.ContainsFunc(n.items, func(other *node) bool { return ranges(item, other) }) {
			continue
		}
		r := resolved(item, b)
		if n.shape == list && r.shape == list && r.name == "" && r.open != '{' {
			out.items = append(out.items, r.items...)
			continue
		}
		if n.shape == list && r.shape == list && r.open != '{' {
			for _, inner := range r.items {
				inner.name = r.name
				out.items = append(out.items, inner)
			}
			continue
		}
		out.items = append(out.items, r)
	}
	if n.shape == list {
		return resolveList(&out, b)
	}
	return &out
}

// ranges tells whether a relation only says which numbers a letter of another answer runs
// through: k ∈ ℤ of kπ.
func ranges(n, other *node) bool {
	if n.shape != relation || len(n.ops) != 1 || n.ops[0] != "∈" || n == other || n.items[0].shape != scalar || n.items[1].shape != scalar {
		return false
	}
	letter, numbers := n.items[0].expr, n.items[1].expr
	return letter.Kind == algebra.Symbol && numbers.Kind == algebra.Symbol && numbers.Name == "Z" && mentions(other, letter.Name)
}

// mentions tells whether a symbol is in an answer.
func mentions(n *node, name string) bool {
	names := map[string]bool{}
	if n.expr != nil {
		n.expr.Symbols(names)
	}
	return names[name] || slices.ContainsFunc(n.items, func(item *node) bool { return mentions(item, name) })
}

func degrees(n *node) *node {
	names := map[string]bool{}
	n.expr.Symbols(names)
	if !names["°"] {
		return n
	}
	out := *n
	out.expr = algebra.Substitute(n.expr, "°", algebra.Int(1))
	out.unit = joinUnit(n.unit, "°")
	return &out
}

// resolveList joins the intervals of alternatives, and gives the values that follow the
// name of the first, as in x = 1, 2, its name.
func resolveList(n *node, b *algebra.Budget) *node {
	regions := len(n.items) <= maxItems && slices.ContainsFunc(n.items, func(item *node) bool { return item.shape == region })
	for i, item := range n.items {
		if regions && item.shape == scalar && item.name != "" { // x = 0 among conditions on x
			item = &node{shape: region, name: item.name, pieces: []piece{{item.expr, item.expr, true, true}}}
			n.items[i] = item
		}
		regions = regions && item.shape == region && item.name == n.items[0].name
		if i > 0 && item.name == "" && n.items[0].name != "" && item.shape == scalar {
			named := *item
			named.name = n.items[i-1].name
			n.items[i] = &named
		}
	}
	if !regions {
		return n
	}
	out := joined(n, b)
	out.name = n.items[0].name
	return out
}

// joined is the region that conditions state together: alternatives where "or" stands
// between them, or where they exclude each other and only commas do.
func joined(n *node, b *algebra.Budget) *node {
	all, either := n.items[0], regionOf()
	for _, item := range n.items {
		all = intersection(all, item, b)
		either.pieces = append(either.pieces, item.pieces...)
	}
	isAnd := func(op string) bool { return op == "and" }
	if slices.Contains(n.ops, "or") || len(all.pieces) == 0 && !slices.ContainsFunc(n.ops, isAnd) {
		return normalised(either, b)
	}
	return all
}

// nameOf gives the name that an expression is, if it is one: a symbol, f(x), |AB|, AB,
// the ratio or the sum of such.
func nameOf(n *node) string {
	switch n.shape {
	case scalar:
		if isNameExpr(n.expr) {
			return n.expr.String()
		}
	case words:
		return normalText(n.text)
	case tuple, ratio, list:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			if parts[i] = nameOf(item); parts[i] == "" {
				return ""
			}
		}
		return "(" + strings.Join(parts, ",") + ")"
	}
	return ""
}

func isNameExpr(x *algebra.Expr) bool {
	switch x.Kind {
	case algebra.Symbol:
		return !strings.HasPrefix(x.Name, "±")
	case algebra.Call:
		return x.Name != "ln" && x.Name != "factorial" && x.Name != "base"
	case algebra.Sum: // m + n is the name of what a problem asks for
		seen := map[string]bool{}
		for _, a := range x.Args {
			if !isNameExpr(a) || seen[a.String()] {
				return false
			}
			seen[a.String()] = true
		}
		return true
	case algebra.Product:
		for _, a := range x.Args {
			if !isNameExpr(a) && (a.Kind != algebra.Power || !a.Args[1].IsInt() || !isNameExpr(a.Args[0])) && a.Kind != algebra.Sum {
				return false
			}
		}
		return isNameExpr(x.Args[0])
	}
	return false
}

func resolveRelation(n *node, b *algebra.Budget) *node {
	ops := strings.Join(n.ops, "")
	switch {
	case strings.Trim(ops, "=≈≡→") == "":
		return resolveChain(n, b)
	case ops == "∈":
		out := *asRegion(resolved(n.items[1], b), b)
		out.name = nameOf(n.items[0])
		return &out
	}
	return resolveInequality(n, b)
}

// contradicts tells whether a chain calls numbers of one unit equal that are not even near
// each other: it offers several answers. What is rounded is near.
func contradicts(n *node, b *algebra.Budget) bool {
	if n.shape != relation {
		return slices.ContainsFunc(n.items, func(item *node) bool { return contradicts(item, b) })
	}
	for i, op := range n.ops {
		within, known := map[string]float64{"=": 0.01, "≈": 0.1}[op]
		if !known || n.items[i].shape != scalar || n.items[i+1].shape != scalar {
			continue
		}
		x, y := degrees(n.items[i]), degrees(n.items[i+1])
		if unitForm(x.unit) != unitForm(y.unit) || hasSymbols(x) || hasSymbols(y) {
			continue
		}
		v, ok := algebra.Float(x.expr, b)
		w, also := algebra.Float(y.expr, b)
		if ok && also && math.Abs(v-w) > within*max(math.Abs(v), math.Abs(w)) {
			return true
		}
	}
	return false
}

// resolveChain takes the last exact member of a chain of equations.
func resolveChain(n *node, b *algebra.Budget) *node {
	items := n.items
	for i, op := range n.ops {
		if op == "≈" && (i > 0 || nameOf(items[0]) == "") {
			items = items[:i+1]
			break
		}
	}
	last := items[len(items)-1]
	if len(items) == 1 {
		return resolved(last, b)
	}
	if len(n.items) == 2 && isLiteral(items[0]) && isLiteral(last) && contradicts(n, b) { // 23 = 18 computes nothing
		return equation(items[0], last)
	}
	name := nameOf(items[0])
	if name == "" && len(items) == 2 && nameOf(last) != "" && items[0].shape != relation {
		items = []*node{last, items[0]}
		name, last = nameOf(items[0]), items[1]
	}
	if name == "" && len(items) == 2 && (hasSymbols(items[0]) || hasSymbols(last)) {
		return equation(items[0], items[1])
	}
	value := *resolved(last, b)
	value.name = name
	if len(items) == 2 && items[0].shape == scalar && last.shape == scalar {
		value.difference = algebra.Sub(items[0].expr, last.expr)
	}
	return &value
}

func isLiteral(n *node) bool { return n.shape == scalar && n.expr.Kind == algebra.Number }

func hasSymbols(n *node) bool {
	if n.shape != scalar {
		return false
	}
	names := map[string]bool{}
	n.expr.Symbols(names)
	delete(names, "°")
	return len(names) > 0
}

// equation is left = right as the difference that must vanish.
func equation(left, right *node) *node {
	if left.shape != scalar || right.shape != scalar {
		return &node{shape: relation, items: []*node{left, right}, ops: []string{"="}}
	}
	return &node{shape: relation, items: []*node{left, right}, ops: []string{"="}, difference: algebra.Sub(left.expr, right.expr)}
}
