package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// mixture draws each problem from one of several families. Which one is addressed by
// (split, seed, index), so that a problem is a function of these as in any family.
type mixture struct {
	parts   []Family
	weights []int
}

// Mixture is a family whose problems are those of its parts, drawn with weights ≥ 1 that
// need not sum to anything. Each problem is verified, enumerated and traced by the first
// part of its task: parts of one task may differ in how hard they are, since no verifier
// depends on that, but not in how their traces are written: formats, unsuited methods.
func Mixture(parts []Family, weights []int) (Family, error) {
	if len(parts) == 0 || len(parts) != len(weights) {
		return nil, fmt.Errorf("a mixture of %d tasks has %d weights: it needs at least one task, and a weight for each", len(parts), len(weights))
	}
	formats := map[string]string{}
	for i, p := range parts {
		if weights[i] < 1 || weights[i] > 1000 {
			return nil, fmt.Errorf("task %s has weight %d in a mixture; it must be between 1 and 1000", p.Name(), weights[i])
		}
		name, form := taskOf(p), formOf(p)
		if other, seen := formats[name]; seen && other != form {
			return nil, fmt.Errorf("a mixture has the task %s in different formats or by different methods: give all its parts the same plain, words, code and unsuited", name)
		}
		formats[name] = form
	}
	return &mixture{parts, weights}, nil
}

// newMixture reads "countdown@3+chain:level=2"; a part without a weight has the weight 1.
func newMixture(spec string) (Family, error) {
	var parts []Family
	var weights []int
	for text := range strings.SplitSeq(spec, "+") {
		one, weight, weighted := strings.Cut(text, "@")
		n := 1
		if weighted {
			var err error
			if n, err = strconv.Atoi(weight); err != nil {
				return nil, fmt.Errorf("task %q: the weight %q is not a whole number: write task@weight, as in countdown@3+chain", spec, weight)
			}
		}
		part, err := New(one)
		if err != nil {
			return nil, err
		}
		parts, weights = append(parts, part), append(weights, n)
	}
	return Mixture(parts, weights)
}

// taskOf is what a family calls itself in its problems.
func taskOf(f Family) string {
	name, _, _ := strings.Cut(f.Name(), ":")
	return name
}

// formOf names the options on which depends how a family's traces are written.
func formOf(f Family) string {
	switch f := f.(type) {
	case *written:
		return fmt.Sprint(f.weights)
	case *methods:
		return fmt.Sprint(f.unsuited)
	}
	return ""
}

func (m *mixture) Name() string {
	names := make([]string, len(m.parts))
	for i, p := range m.parts {
		names[i] = fmt.Sprintf("%s@%d", p.Name(), m.weights[i])
	}
	return strings.Join(names, "+")
}

func (m *mixture) Alphabet() string {
	var all []rune
	for _, p := range m.parts {
		all = append(all, []rune(p.Alphabet())...)
	}
	slices.Sort(all)
	return string(slices.Compact(all))
}

func (m *mixture) MaxCompletion() int {
	longest := 0
	for _, p := range m.parts {
		longest = max(longest, p.MaxCompletion())
	}
	return longest
}

func (m *mixture) Problem(split Split, seed, index uint64) negativa.Problem {
	total := 0
	for _, w := range m.weights {
		total += w
	}
	drawn := draw.New(seed, "mixture").Named(string(split)).IntN(index, total)
	part := 0
	for drawn >= m.weights[part] {
		drawn -= m.weights[part]
		part++
	}
	return m.parts[part].Problem(split, seed, index)
}

// part is who knows a problem.
func (m *mixture) part(p negativa.Problem) (Family, error) {
	for _, part := range m.parts {
		if taskOf(part) == p.Task {
			return part, nil
		}
	}
	return nil, fmt.Errorf("problem %s is of the task %q, which is not in the mixture %s", p.ID, p.Task, m.Name())
}

func (m *mixture) Trace(p negativa.Problem, seed uint64) string {
	part, err := m.part(p)
	if err != nil {
		return ""
	}
	return part.Trace(p, seed)
}

func (m *mixture) Verify(p negativa.Problem, completion string) negativa.Verdict {
	part, err := m.part(p)
	if err != nil {
		return negativa.Verdict{Outcome: negativa.UnparsedGold, Reason: err.Error()}
	}
	return part.Verify(p, completion)
}

func (m *mixture) Answers(p negativa.Problem) ([]string, error) {
	part, err := m.part(p)
	if err != nil {
		return nil, err
	}
	return part.Answers(p)
}
