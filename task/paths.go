package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// paths: walk from one node of a small directed graph to another without visiting a
// node twice. No arithmetic is needed.
//
// The prompt `ab,bc,ac,cd=a>d:` lists the edges and the two ends; `abcd` and `acd` are
// its answers. An answer has one way of being written, which is its canonical form.
// Harder: more nodes and edges.
type paths struct {
	nodes int // the first letters of the alphabet
	edges int // different directed edges
}

func newPaths(o options) (Family, error) {
	f := &paths{nodes: 6, edges: 9}
	err := o.apply(option{"nodes", &f.nodes, 3, 8}, option{"edges", &f.edges, 3, 20})
	if err != nil {
		return nil, err
	}
	if f.edges > f.nodes*(f.nodes-1) {
		return nil, fmt.Errorf("option edges is %d; %d nodes have only %d edges", f.edges, f.nodes, f.nodes*(f.nodes-1))
	}
	return f, splitsHaveProblems(f.candidate)
}

func (f *paths) Name() string { return fmt.Sprintf("paths:nodes=%d,edges=%d", f.nodes, f.edges) }

func (f *paths) Alphabet() string { return ",:=>abcdefgh" }

func (f *paths) MaxCompletion() int { return f.nodes + 1 }

// graph is a problem: different edges as two-letter strings.
type graph struct {
	edges    []string
	from, to byte
}

func (f *paths) Problem(split Split, seed, index uint64) negativa.Problem {
	return find("paths", split, seed, index, f.candidate)
}

// candidate draws a graph; one with a single answer, or none, is no problem.
func (f *paths) candidate(s draw.Source) (string, func() (negativa.Problem, bool)) {
	g := f.draw(s)
	key := g.key()
	return key, func() (negativa.Problem, bool) {
		answers := g.walks()
		if len(answers) < 2 {
			return negativa.Problem{}, false
		}
		return negativa.Problem{ID: "paths/" + key, Task: "paths", Prompt: g.prompt(key), Gold: answers[0]}, true
	}
}

func (f *paths) draw(s draw.Source) graph {
	var all []string
	for a := range f.nodes {
		for b := range f.nodes {
			if a != b {
				all = append(all, string([]byte{'a' + byte(a), 'a' + byte(b)}))
			}
		}
	}
	g := graph{}
	for _, i := range s.Perm(len(all))[:f.edges] {
		g.edges = append(g.edges, all[i])
	}
	slices.Sort(g.edges)
	ends := s.At(1).Perm(f.nodes)
	g.from, g.to = 'a'+byte(ends[0]), 'a'+byte(ends[1])
	return g
}

func (g graph) key() string {
	return strings.Join(g.edges, ",") + "=" + string([]byte{g.from, '>', g.to})
}

// prompt lists the edges in an order drawn from the problem's key.
func (g graph) prompt(key string) string {
	shuffled := make([]string, len(g.edges))
	for i, j := range draw.New(0, "order").Named(key).Perm(len(g.edges)) {
		shuffled[i] = g.edges[j]
	}
	g.edges = shuffled
	return g.key() + ":"
}

// walks lists all simple paths, sorted.
func (g graph) walks() []string {
	var out []string
	var extend func(path []byte)
	extend = func(path []byte) {
		last := path[len(path)-1]
		if last == g.to {
			out = append(out, string(path))
			return
		}
		for _, e := range g.edges {
			if e[0] == last && !slices.Contains(path, e[1]) {
				extend(append(path[:len(path):len(path)], e[1]))
			}
		}
	}
	extend([]byte{g.from})
	slices.Sort(out)
	return out
}

func (f *paths) Answers(p negativa.Problem) ([]string, error) {
	g, err := parseGraph(p.Prompt)
	if err != nil {
		return nil, fmt.Errorf("problem %s: %w", p.ID, err)
	}
	return g.walks(), nil
}

func (f *paths) Trace(p negativa.Problem, seed uint64) string {
	answers, err := f.Answers(p)
	if err != nil || len(answers) == 0 {
		return ""
	}
	return answers[draw.New(seed, "trace").IntN(0, len(answers))]
}

func (f *paths) Verify(p negativa.Problem, completion string) negativa.Verdict {
	g, err := parseGraph(p.Prompt)
	if err != nil {
		return negativa.Verdict{Outcome: negativa.UnparsedGold, Reason: err.Error()}
	}
	if len(completion) > maxAnswerBytes {
		return negativa.Verdict{Outcome: negativa.OverBudget, Reason: fmt.Sprintf("the answer has %d bytes, more than %d", len(completion), maxAnswerBytes)}
	}
	if completion == "" || strings.Trim(completion, firstLetters) != "" {
		return unparsed("%q is not a row of nodes", completion)
	}
	bad := g.check(completion)
	bad.Answer = completion
	return bad
}

// check follows the walk.
func (g graph) check(walk string) negativa.Verdict {
	if walk[0] != g.from {
		return wrong("it starts at %c, not at %c", walk[0], g.from)
	}
	for i := 1; i < len(walk); i++ {
		if !slices.Contains(g.edges, walk[i-1:i+1]) {
			return wrong("there is no edge from %c to %c", walk[i-1], walk[i])
		}
		if strings.IndexByte(walk[:i], walk[i]) >= 0 {
			return wrong("it visits %c twice", walk[i])
		}
	}
	if last := walk[len(walk)-1]; last != g.to {
		return wrong("it ends at %c, not at %c", last, g.to)
	}
	return negativa.Verdict{Outcome: negativa.Correct}
}

// parseGraph reads a prompt.
func parseGraph(prompt string) (graph, error) {
	bad := fmt.Errorf("%q is not a paths problem: its form is %q", prompt, "ab,bc,ac=a>c:")
	edges, ends, found := strings.Cut(strings.TrimSuffix(prompt, ":"), "=")
	if !found || len(ends) != 3 || ends[1] != '>' || strings.Trim(ends[:1]+ends[2:], firstLetters) != "" || len(edges) > maxAnswerBytes {
		return graph{}, bad
	}
	g := graph{from: ends[0], to: ends[2]}
	for e := range strings.SplitSeq(edges, ",") {
		if len(e) != 2 || strings.Trim(e, firstLetters) != "" || slices.Contains(g.edges, e) {
			return graph{}, bad
		}
		g.edges = append(g.edges, e)
	}
	return g, nil
}
