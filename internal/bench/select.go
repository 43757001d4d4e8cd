package bench

import (
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/nearest"
)

// Conditions alone are measured for this pattern.
const machineOnly = "machine"

// Works lists everything that can be measured, in the order of Run.
func Works() []Work { return slices.Concat(products(), elementwise(), policies()) }

// Select gives the works whose names begin with one of some patterns, in the order of
// Works; all of them if there is no pattern. "machine" selects none. A pattern that fits
// nothing is an error that names the nearest one that does.
func Select(patterns []string) ([]Work, error) {
	all := Works()
	if len(patterns) == 0 {
		return all, nil
	}
	fits := func(p string, w Work) bool { return strings.HasPrefix(w.Name, p) }
	for _, p := range patterns {
		if p != machineOnly && !slices.ContainsFunc(all, func(w Work) bool { return fits(p, w) }) {
			return nil, fmt.Errorf("no work begins with %q: did you mean %q? (--list names all)", p, nearest.To(p, beginnings(all)))
		}
	}
	return slices.DeleteFunc(all, func(w Work) bool {
		return !slices.ContainsFunc(patterns, func(p string) bool { return fits(p, w) })
	}), nil
}

// beginnings are the names of works and their parts before each slash.
func beginnings(works []Work) []string {
	out := []string{machineOnly}
	for _, w := range works {
		for i, c := range w.Name {
			if c == '/' {
				out = append(out, w.Name[:i])
			}
		}
		out = append(out, w.Name)
	}
	return out
}
