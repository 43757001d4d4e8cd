// Package task makes problems whose answers can be checked: families of problems, each
// with a seeded generator, a writer of solution traces, an exact verifier and an
// enumerator of all correct answers. Read takes problems from data files instead.
//
// Generators are pure: a problem is a function of (split, seed, index). Whether a
// problem belongs to pretraining, training or test is a function of the problem alone,
// so the splits are disjoint whatever the seeds.
package task

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
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
	// equivalent ways of writing it.
	Trace(p negativa.Problem, seed uint64) string
	// Verify checks every step of an answer exactly. It takes any text.
	Verify(p negativa.Problem, completion string) negativa.Verdict
	// Answers lists all correct answers in canonical form, sorted: the strings that
	// Verify returns as the Answer of a correct one.
	Answers(p negativa.Problem) ([]string, error)
	// MaxCompletion bounds the characters of an answer, plus one for a stop token.
	MaxCompletion() int
}

var families = map[string]func(options) (Family, error){
	"countdown": newCountdown,
	"paths":     newPaths,
}

// Names lists the families.
func Names() []string { return slices.Sorted(maps.Keys(families)) }

// Alphabet is the union of the alphabets of all families under their defaults, sorted:
// a model with this vocabulary can be trained on any of them.
func Alphabet() string {
	var all []rune
	for _, name := range Names() {
		family, err := New(name)
		if err != nil {
			panic("task: the defaults of " + name + " are refused: " + err.Error())
		}
		all = append(all, []rune(family.Alphabet())...)
	}
	slices.Sort(all)
	return string(slices.Compact(all))
}

// New makes a family from its name and options: "countdown", "countdown:numbers=4,max=20".
// An unknown family or option is an error that names the nearest known one.
func New(spec string) (Family, error) {
	name, rest, _ := strings.Cut(spec, ":")
	make, ok := families[name]
	if !ok {
		return nil, fmt.Errorf("task %q is not known: did you mean %q? (tasks: %s)", name, nearest.To(name, Names()), strings.Join(Names(), ", "))
	}
	set := options{}
	for pair := range strings.SplitSeq(rest, ",") {
		if rest == "" {
			break
		}
		key, value, found := strings.Cut(pair, "=")
		n, err := strconv.Atoi(value)
		if !found || err != nil {
			return nil, fmt.Errorf("task %q: option %q is not of the form key=number", spec, pair)
		}
		set[key] = n
	}
	family, err := make(set)
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

// options are a family's settings as they were written.
type options map[string]int

// option is one setting: where it goes and what it may be.
type option struct {
	key      string
	into     *int
	low, top int
}

// apply stores what was set and refuses the rest.
func (o options) apply(known ...option) error {
	keys := make([]string, len(known))
	for i, k := range known {
		keys[i] = k.key
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		i := slices.Index(keys, key)
		if i < 0 {
			return fmt.Errorf("option %q is not known: did you mean %q? (options: %s)", key, nearest.To(key, keys), strings.Join(keys, ", "))
		}
		if v := o[key]; v < known[i].low || v > known[i].top {
			return fmt.Errorf("option %s is %d; it must be between %d and %d", key, v, known[i].low, known[i].top)
		}
		*known[i].into = o[key]
	}
	return nil
}

func wrong(format string, args ...any) negativa.Verdict {
	return negativa.Verdict{Outcome: negativa.Wrong, Reason: fmt.Sprintf(format, args...)}
}

func unparsed(format string, args ...any) negativa.Verdict {
	return negativa.Verdict{Outcome: negativa.UnparsedPrediction, Reason: fmt.Sprintf(format, args...)}
}
