package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Part is Pass@k over the problems of one level or subject. Its intervals are of few
// problems, and wide for it.
type Part struct {
	Name     string        `json:"name"` // empty: the problems that do not say
	Problems int           `json:"problems"`
	PassAtK  ByK[float64]  `json:"pass@k"`
	Interval ByK[Interval] `json:"interval,omitempty"` // nil for a single problem
}

func (c Count) level() string   { return c.Level }
func (c Count) subject() string { return c.Subject }

// parts evaluates the counts of each name apart; nil where no count has one.
func parts(counts []Count, name func(Count) string, ks []int, bootstrap Bootstrap) ([]Part, error) {
	var out []Part
	for _, group := range divide(counts, name) {
		p := Part{Name: name(group[0]), Problems: len(group)}
		var err error
		if p.PassAtK, err = Curve(group, ks); err != nil {
			return nil, fmt.Errorf("part %q: %w", p.Name, err)
		}
		if len(group) > 1 {
			if p.Interval, err = bootstrap.Intervals(group, ks); err != nil {
				return nil, fmt.Errorf("part %q: %w", p.Name, err)
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// divide groups counts by name in the order of the names, those without one last; nil
// where none has one. Within a group the counts keep their order.
func divide(counts []Count, name func(Count) string) [][]Count {
	groups := map[string][]Count{}
	var names []string
	for _, c := range counts {
		if groups[name(c)] == nil {
			names = append(names, name(c))
		}
		groups[name(c)] = append(groups[name(c)], c)
	}
	if len(names) == 0 || len(names) == 1 && names[0] == "" {
		return nil
	}
	slices.SortFunc(names, byName)
	out := make([][]Count, len(names))
	for i, n := range names {
		out[i] = groups[n]
	}
	return out
}

// byName orders numbers by value, before texts; texts by their letters; and the empty
// name last.
func byName(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(len(b), len(a))
	}
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return cmp.Compare(a, b)
}
