// Package task makes problems whose answers can be checked: families of problems, each
// with a seeded generator, a writer of solution traces, an exact verifier and an
// enumerator of all correct answers. Read takes problems from data files instead.
//
// New makes a family, at a level of difficulty if one is asked for, or a mixture of
// families with weights; Gate moves the level by measured pass rates. The answers of a
// Formatted family can be written in several formats, those of a Tagged one consist of
// strategy and execution.
//
// Generators are pure: a problem is a function of (split, seed, index). Whether a
// problem belongs to pretraining, training or test is a function of the problem alone,
// so the splits are disjoint whatever the seeds.
package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/nearest"
)

// Split names a part of a family's problems.
type Split string

// The splits hold six, three and one tenths of all problems.
const (
	Pretrain Split = "pretrain" // what the base model learns from
	Train    Split = "train"    // what reinforcement learning sees
	Test     Split = "test"     // held out
)

// splitOf assigns a problem, named by its canonical key.
func splitOf(key string) Split {
	switch n := draw.New(0, "split").Named(key).IntN(0, 10); {
	case n < 6:
		return Pretrain
	case n < 9:
		return Train
	default:
		return Test
	}
}

// Family is a kind of problem. Its methods are pure and safe for concurrent use.
type Family interface {
	// Name is the family with its options, as New reads it.
	Name() string
	// Alphabet holds every character that prompts and correct answers use.
	Alphabet() string
	// Problem is the problem at an index of a split. Different indices may give the
	// same problem.
	Problem(split Split, seed, index uint64) negativa.Problem
	// Trace writes a correct answer, drawn uniformly from Answers, in one of the
	// equivalent ways of writing it; of methods with the option unsuited, some are wrong.
	Trace(p negativa.Problem, seed uint64) string
	// Verify checks every step of an answer exactly. It takes any text.
	Verify(p negativa.Problem, completion string) negativa.Verdict
	// Answers lists all correct answers in canonical form, sorted: the strings that
	// Verify returns as the Answer of a correct one.
	Answers(p negativa.Problem) ([]string, error)
	// MaxCompletion bounds the characters of an answer, plus one for a stop token.
	MaxCompletion() int
}

// kind is how a family is made, and what there is to say of it.
type kind struct {
	make   func(options) (Family, error)
	levels []string // options of each level, from easy to hard
	about  string
}

// Names lists the families.
func Names() []string { return slices.Sorted(maps.Keys(families)) }

// About says in a line what a family asks; empty for a name that is not known.
func About(name string) string { return families[name].about }

// Levels is how many levels of difficulty a family has: with the option level from 1 to
// this, New makes it as hard. Prompts and answers grow from level to level. It is 0 for a
// name that is not known.
func Levels(name string) int { return len(families[name].levels) }

// Alphabet is that of the families that the base model was made for, sorted. Every
// vocabulary of a model made here holds it; a family may need further characters.
func Alphabet() string { return "*+,-/0123456789:;=>abcdefgh" }

// New makes a family from its name and options: "countdown", "countdown:numbers=4,max=20",
// "chain:level=3"; or a mixture of several, "countdown@3+chain:level=2" (see Mixture).
// An unknown family or option is an error that names the nearest known one.
//
// Every family has the option level, which sets the other options that are not given.
// Those whose answers are steps of arithmetic have the options plain, words and code, the
// weights of the forms that they can be written in (see Formatted).
func New(spec string) (Family, error) {
	if strings.ContainsAny(spec, "+@") {
		return newMixture(spec)
	}
	name, rest, _ := strings.Cut(spec, ":")
	kind, ok := families[name]
	if !ok {
		return nil, fmt.Errorf("task %q is not known: did you mean %q? (tasks: %s)", name, nearest.To(name, Names()), strings.Join(Names(), ", "))
	}
	set, err := parseOptions(rest)
	if err == nil {
		err = set.level(kind.levels)
	}
	if err != nil {
		return nil, fmt.Errorf("task %q: %w", spec, err)
	}
	forms := set.forms()
	family, err := kind.make(set)
	if err == nil && forms != nil {
		family, err = newWritten(family, forms)
	}
	if err != nil {
		return nil, fmt.Errorf("task %q: %w", spec, err)
	}
	return family, nil
}

// candidate draws a problem of no particular split: its canonical key and a function
// that writes it, or reports that it will not do.
type candidate func(s draw.Source) (key string, problem func() (negativa.Problem, bool))

// maxAttempts bounds the search for a problem of a split.
const maxAttempts = 20_000

// search runs through candidates at addressed attempts until one is of the split.
func search(split Split, source draw.Source, next candidate) (negativa.Problem, bool) {
	for attempt := range uint64(maxAttempts) {
		if key, problem := next(source.At(attempt)); splitOf(key) == split {
			if p, ok := problem(); ok {
				return p, true
			}
		}
	}
	return negativa.Problem{}, false
}

// find is search where splitsHaveProblems has vouched for an end.
func find(name string, split Split, seed, index uint64, next candidate) negativa.Problem {
	p, ok := search(split, draw.New(seed, name).Named(string(split)).At(index), next)
	if !ok {
		panic("task: " + name + " has no problem in its " + string(split) + " split")
	}
	return p
}

// splitsHaveProblems refuses options under which problems are so few that a split is
// empty or all but empty.
func splitsHaveProblems(next candidate) error {
	for _, split := range []Split{Pretrain, Train, Test} {
		keys := map[string]bool{}
		for i := range uint64(20) {
			if p, ok := search(split, draw.New(0, "probe").At(i), next); ok {
				keys[p.ID] = true
			}
		}
		if len(keys) < 5 {
			return fmt.Errorf("these options leave fewer than 5 problems to the %s split: widen them", split)
		}
	}
	return nil
}

// Problems returns n different problems of a split: the first of the sequence that an
// index runs through. It fails if the split holds too few.
func Problems(f Family, split Split, seed uint64, n int) ([]negativa.Problem, error) {
	out := make([]negativa.Problem, 0, n)
	seen := map[string]bool{}
	for index := uint64(0); len(out) < n; index++ {
		if index >= uint64(20*n+1000) {
			return nil, fmt.Errorf("task %s: found only %d different problems in its %s split, %d were asked for: ask for fewer, or widen its options",
				f.Name(), len(out), split, n)
		}
		if p := f.Problem(split, seed, index); !seen[p.ID] {
			seen[p.ID] = true
			out = append(out, p)
		}
	}
	return out, nil
}

func wrong(format string, args ...any) negativa.Verdict {
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: fmt.Sprintf(format, args...)}
}

func unparsed(format string, args ...any) negativa.Verdict {
	return negativa.Verdict{Outcome: negativa.UnparsedPrediction, Reason: fmt.Sprintf(format, args...)}
}
