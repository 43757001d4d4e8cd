package task

import (
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// colouring: give the nodes of a graph three colours so that no edge joins equal ones.
//
// The prompt `ab,ac,bd:` lists the edges; `1223` is an answer: the colours of a, b, c and d.
// Several are right, at least six, and all can be listed; each has one spelling. Harder:
// more nodes and edges.
type colouring struct{ nodes, edges int }

func newColouring(o options) (Family, error) {
	f := &colouring{nodes: 6, edges: 8}
	set, err := o.set(option{"nodes", &f.nodes, 3, 8}, option{"edges", &f.edges, 3, 20})
	if err != nil {
		return nil, err
	}
	f.edges = min(f.edges, f.nodes*(f.nodes-1)/2)
	return list(&listed{
		name: "colouring", options: set, alphabet: ",123:abcdefgh", form: "ab,ac,bd:",
		shape: shaped(`[123]+`), longest: f.nodes, draw: f.draw, read: readColouring,
	})
}

// edges are two letters each, the smaller first, sorted.
type edges []string

// draw keeps graphs in which every node has an edge, since others cannot be seen.
func (f *colouring) draw(s draw.Source) puzzle {
	var all edges
	for b := range f.nodes {
		for a := range b {
			all = append(all, string([]byte{'a' + byte(a), 'a' + byte(b)}))
		}
	}
	var chosen edges
	for _, i := range s.Perm(len(all))[:f.edges] {
		chosen = append(chosen, all[i])
	}
	slices.Sort(chosen)
	for node := range f.nodes {
		if !strings.Contains(chosen.prompt(), string('a'+rune(node))) {
			return nil
		}
	}
	return chosen
}

// nodes counts them up to the last that has an edge.
func (e edges) nodes() int { return int(slices.Max([]byte(strings.Join(e, "")))-'a') + 1 }

func (e edges) prompt() string { return strings.Join(e, ",") }

func (e edges) answers() []string {
	nodes := e.nodes()
	var out []string
	var paint func(colours string)
	paint = func(colours string) {
		if len(colours) == nodes {
			out = append(out, colours)
			return
		}
		node := 'a' + byte(len(colours))
		for _, colour := range []byte("123") {
			clashes := slices.ContainsFunc(e, func(edge string) bool { return edge[1] == node && colours[edge[0]-'a'] == colour })
			if !clashes {
				paint(colours + string(colour))
			}
		}
	}
	paint("")
	return out
}

func readColouring(prompt string) puzzle {
	e := edges(strings.Split(prompt, ","))
	for _, edge := range e {
		if len(edge) != 2 || strings.Trim(edge, firstLetters) != "" || edge[0] >= edge[1] {
			return nil
		}
	}
	if !slices.IsSorted(e) {
		return nil
	}
	return e
}
