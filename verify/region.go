package verify

import (
	"cmp"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// piece is an interval of real numbers; a point has equal ends, both within.
type piece struct {
	low, high             *algebra.Expr
	lowWithin, highWithin bool
}

var infinity = algebra.Const(algebra.Infinity)

func regionOf(pieces ...piece) *node { return &node{shape: region, pieces: pieces} }

func everything() piece { return piece{low: algebra.Neg(infinity), high: infinity} }

// asRegion reads a pair in brackets, or a set of numbers, as a part of the real line.
// Anything else stays what it is.
func asRegion(n *node, b *algebra.Budget) *node {
	switch {
	case n.shape == tuple && len(n.items) == 2 && n.items[0].shape == scalar && n.items[1].shape == scalar:
		return normalised(regionOf(piece{n.items[0].expr, n.items[1].expr, n.open == '[', n.close == ']'}), b)
	case n.shape == list:
		var out []piece
		for _, item := range n.items {
			if r := asRegion(item, b); r.shape == region && item.shape == tuple {
				out = append(out, r.pieces...)
				continue
			}
			if item.shape != scalar {
				return n
			}
			out = append(out, piece{item.expr, item.expr, true, true})
		}
		return normalised(regionOf(out...), b)
	case n.shape == absent:
		return regionOf()
	case n.shape == scalar && n.expr.Kind == algebra.Symbol && n.expr.Name == "R":
		return regionOf(everything())
	}
	return n
}

// normalised sorts the pieces of a region and joins those that meet, where their ends can
// be compared.
func normalised(n *node, b *algebra.Budget) *node {
	pieces := slices.Clone(n.pieces)
	known := true
	compare := func(x, y *algebra.Expr) int {
		s, ok := algebra.Compare(x, y, b)
		known = known && ok
		return s
	}
	slices.SortStableFunc(pieces, func(p, q piece) int {
		return cmp.Or(compare(p.low, q.low), within(q.lowWithin)-within(p.lowWithin))
	})
	var out []piece
	for _, p := range pieces {
		if s := compare(p.low, p.high); known && (s > 0 || s == 0 && !(p.lowWithin && p.highWithin)) {
			continue
		}
		if len(out) > 0 {
			last := &out[len(out)-1]
			s := compare(p.low, last.high)
			if s < 0 || s == 0 && (p.lowWithin || last.highWithin) {
				if t := compare(p.high, last.high); t > 0 || t == 0 && p.highWithin {
					last.high, last.highWithin = p.high, p.highWithin
				}
				continue
			}
		}
		out = append(out, p)
	}
	if !known {
		return n
	}
	m := *n
	m.pieces = out
	return &m
}

func within(is bool) int {
	if is {
		return 1
	}
	return 0
}

// complement is what a normalised region leaves of the line.
func complement(n *node) []piece {
	var out []piece
	rest := everything()
	for _, p := range n.pieces {
		out = append(out, piece{rest.low, p.low, rest.lowWithin, !p.lowWithin})
		rest.low, rest.lowWithin = p.high, !p.highWithin
	}
	return append(out, rest)
}

// intersection of two regions: what is in neither complement.
func intersection(x, y *node, b *algebra.Budget) *node {
	outside := normalised(regionOf(append(complement(x), complement(y)...)...), b)
	return normalised(regionOf(complement(outside)...), b)
}

func resolveUnion(n *node, b *algebra.Budget) *node {
	out := asRegion(resolved(n.items[0], b), b)
	for i, op := range n.ops {
		next := asRegion(resolved(n.items[i+1], b), b)
		if out.shape != region || next.shape != region {
			return n
		}
		switch op {
		case "∪":
			out = normalised(regionOf(append(slices.Clone(out.pieces), next.pieces...)...), b)
		case "∩":
			out = intersection(out, next, b)
		default:
			out = intersection(out, normalised(regionOf(complement(next)...), b), b)
		}
	}
	return out
}

// resolveInequality turns an inequality of one unknown into its interval.
func resolveInequality(n *node, b *algebra.Budget) *node {
	for _, item := range n.items {
		if item.shape != scalar {
			return n
		}
	}
	var out *node
	for i, op := range n.ops {
		r, name := halfLine(n.items[i].expr, n.items[i+1].expr, op, b)
		if r == nil || out != nil && out.name != name {
			return direct(n)
		}
		r.name = name
		if out != nil {
			r = intersection(out, r, b)
			r.name = name
		}
		out = r
	}
	return out
}

// direct writes an inequality that is no interval with < and ≤ alone, and gives one of two
// sides its difference.
func direct(n *node) *node {
	ops := strings.Join(n.ops, "")
	out := *n
	if strings.Trim(ops, ">≥") == "" {
		out.items = slices.Clone(n.items)
		out.ops = slices.Clone(n.ops)
		slices.Reverse(out.items)
		slices.Reverse(out.ops)
		for i, op := range out.ops {
			out.ops[i] = map[string]string{">": "<", "≥": "≤"}[op]
		}
	}
	if len(out.items) == 2 {
		out.difference = algebra.Sub(out.items[0].expr, out.items[1].expr)
	}
	return &out
}

// halfLine solves left op right for its only unknown, in which it must be linear.
func halfLine(left, right *algebra.Expr, op string, b *algebra.Budget) (*node, string) {
	left, right = algebra.Substitute(left, "°", algebra.Int(1)), algebra.Substitute(right, "°", algebra.Int(1))
	if r, name := absolute(left, right, op, b); r != nil {
		return r, name
	}
	if boundless(left, right, op) {
		_, name := unknownOf(left, right)
		return regionOf(everything()), name
	}
	difference := algebra.Sub(left, right)
	unknown, name := unknownOf(left, right)
	if unknown == nil {
		return nil, ""
	}
	at := func(v int64) *algebra.Expr { return replaceExpr(difference, unknown, algebra.Int(v)) }
	zero := at(0)
	slope := algebra.Sub(at(1), zero)
	names := map[string]bool{}
	zero.Symbols(names)
	line := algebra.Add(zero, algebra.Mul(slope, unknown))
	if d, err := algebra.Equal(difference, line, b); len(names) > 0 || err != nil || !d.Equal {
		return nil, ""
	}
	sign, ok := algebra.Compare(slope, algebra.Int(0), b)
	if !ok || sign == 0 {
		return nil, ""
	}
	root := algebra.Neg(algebra.Div(zero, slope))
	if n, ok := algebra.Simplified(root, b); ok {
		root = n
	}
	above := (op == ">" || op == "≥") == (sign > 0)
	within := op == "≥" || op == "≤"
	switch {
	case op == "≠":
		return regionOf(piece{low: algebra.Neg(infinity), high: root}, piece{low: root, high: infinity}), name
	case op != "<" && op != ">" && !within:
		return nil, ""
	case above:
		return regionOf(piece{root, infinity, within, false}), name
	}
	return regionOf(piece{algebra.Neg(infinity), root, false, within}), name
}

// boundless tells whether an inequality asks nothing of its unknown: x < ∞.
func boundless(left, right *algebra.Expr, op string) bool {
	if op == ">" || op == "≥" {
		left, right = right, left
	}
	return op != "≠" && (left.Kind == algebra.Symbol && algebra.Infinite(right) > 0 || right.Kind == algebra.Symbol && algebra.Infinite(left) < 0)
}

// absolute solves |x| op a number.
func absolute(left, right *algebra.Expr, op string, b *algebra.Budget) (*node, string) {
	isSize := func(x *algebra.Expr) bool {
		return x.Kind == algebra.Call && x.Name == "abs" && x.Args[0].Kind == algebra.Symbol
	}
	if isSize(right) {
		left, right = right, left
		op = map[string]string{"<": ">", ">": "<", "≤": "≥", "≥": "≤", "≠": "≠"}[op]
	}
	if sign, ok := algebra.Compare(right, algebra.Int(0), b); !isSize(left) || !ok || sign <= 0 || op == "≠" {
		return nil, ""
	}
	inner := regionOf(piece{algebra.Neg(right), right, op == "≤" || op == ">", op == "≤" || op == ">"})
	if op == ">" || op == "≥" {
		inner = regionOf(complement(inner)...)
	}
	return inner, left.Args[0].Name
}

// unknownOf finds the one symbol or named value of an inequality.
func unknownOf(left, right *algebra.Expr) (*algebra.Expr, string) {
	names := map[string]bool{}
	left.Symbols(names)
	right.Symbols(names)
	for _, side := range []*algebra.Expr{left, right} {
		if side.Kind == algebra.Call && isNameExpr(side) && side.Name != "abs" {
			return side, side.String()
		}
	}
	if len(names) != 1 {
		return nil, ""
	}
	for name := range names {
		return algebra.Sym(name), name
	}
	return nil, ""
}

// replaceExpr puts a value in the place of an expression.
func replaceExpr(x, what, by *algebra.Expr) *algebra.Expr {
	if algebra.Same(x, what) {
		return by
	}
	if len(x.Args) == 0 {
		return x
	}
	args := make([]*algebra.Expr, len(x.Args))
	for i, a := range x.Args {
		args[i] = replaceExpr(a, what, by)
	}
	return &algebra.Expr{Kind: x.Kind, Name: x.Name, Value: x.Value, Args: args}
}

// regionString writes a region.
func (n *node) regionString() string {
	if len(n.pieces) == 0 {
		return "{}"
	}
	parts := make([]string, len(n.pieces))
	for i, p := range n.pieces {
		open, closing := "(", ")"
		if p.lowWithin {
			open = "["
		}
		if p.highWithin {
			closing = "]"
		}
		parts[i] = open + p.low.String() + "," + p.high.String() + closing
		if p.lowWithin && p.highWithin && p.low == p.high {
			parts[i] = "{" + p.low.String() + "}"
		}
	}
	return strings.Join(parts, " ∪ ")
}
