package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// A rule lists the violations of one law.
type rule struct {
	name  string
	check func(*module) []string
}

var rules = []rule{
	{"imports point one way", importLaw},
	{"packages are documented", packageComments},
	{"pure code does no I/O", purity},
	{"pure packages reach no I/O", reach},
	{"files and functions are small", budgets},
	{"the root package is small", rootPackage},
	{"no cgo, little unsafe", unsafety},
}

func TestArchitecture(t *testing.T) {
	m := loadModule(t, "../..")
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, violation := range r.check(m) {
				t.Error(violation)
			}
		})
	}
}

// order is the pipeline. A package may import those to its left, and within a
// stage a package and those below it may meet.
var order = []string{
	"task", "tokenizer", "engine", "rollout", "verify", "reward", "objective",
	"train", "internal/base", "eval", "diagnose", "report", "claim", "internal/bench", "internal/grade", "internal/serve", "internal/cli", "cmd",
}

// only lists packages that may import even less.
var only = map[string][]string{
	"":                     {},
	"engine":               {""},
	"objective":            {"", "internal/draw", "internal/nearest"},
	"cmd/negativa":         {"internal/cli"},
	"internal/draw":        {},
	"internal/nearest":     {},
	"internal/kernel":      {},
	"internal/safetensors": {},
}

func stage(p string) int {
	return slices.IndexFunc(order, func(s string) bool { return within(p, s) })
}

// isMachinery tells whether a package serves the stages and is none of them.
func isMachinery(p string) bool { return within(p, "internal") && stage(p) < 0 }

func mayImport(from, to string) bool {
	if few, limited := only[from]; limited {
		return slices.Contains(few, to)
	}
	switch {
	case to == "engine/enginetest": // for tests alone
		return false
	case to == "" || isMachinery(to):
		return true
	case isMachinery(from):
		return to == "engine"
	case stage(from) == stage(to):
		return within(from, to) || within(to, from)
	}
	return stage(to) < stage(from)
}

func importLaw(m *module) []string {
	var found []string
	for _, p := range m.packages {
		if p.path != "" && stage(p.path) < 0 && !isMachinery(p.path) {
			found = append(found, p.path+" has no place in the pipeline: give it one in order, or move it into internal")
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports {
				if to, ok := local(imported); ok && !mayImport(p.path, to) {
					found = append(found, fmt.Sprintf("%s imports %s: a package imports only what is left of it in %s",
						path.Join(p.path, f.name), imported, strings.Join(order, " → ")))
				}
			}
		}
	}
	return found
}

func packageComments(m *module) []string {
	var found []string
	for _, p := range m.packages {
		if !p.comment {
			found = append(found, fmt.Sprintf("package %q has no comment that starts with its name", p.path))
		}
	}
	return found
}

// pure maps packages that are functions of their arguments to their doors: the
// files in which they are not, because something must read a file or ask an
// engine. A door's file is named here so that no other file becomes one.
var pure = map[string][]string{
	"objective": {},
	"verify":    {},
	"reward":    {},
	"task":      {"read*.go"},                                     // readers of data files
	"eval":      {"run.go", "samples.go", "score.go", "store.go"}, // an engine that samples or scores; files of samples
}

var impure = []string{
	"os", "io/fs", "net", "net/http", "time", "math/rand", "math/rand/v2", "crypto/rand", "syscall", "os/exec", "log", "log/slog",
}

// doors gives the door files of a package, and whether it is pure apart from them.
func doors(p string) (names []string, isPure bool) {
	for root, names := range pure {
		if within(p, root) {
			return names, true
		}
	}
	return nil, false
}

func isDoor(names []string, f file) bool {
	return slices.ContainsFunc(names, func(pattern string) bool {
		matched, _ := path.Match(pattern, f.name)
		return matched
	})
}

// isCalm tells whether a package of the module may be reached from pure code.
func isCalm(p string) bool {
	_, isPure := doors(p)
	return isPure || slices.Contains([]string{"", "internal/draw", "internal/nearest"}, p)
}

func purity(m *module) []string {
	var found []string
	for _, p := range m.packages {
		names, isPure := doors(p.path)
		if !isPure {
			continue
		}
		for _, f := range p.files {
			if isDoor(names, f) {
				continue
			}
			for _, imported := range f.imports {
				if to, ok := local(imported); slices.Contains(impure, imported) || ok && !isCalm(to) {
					found = append(found, fmt.Sprintf("%s imports %s: %s is pure: no I/O, clock, global randomness or engine",
						path.Join(p.path, f.name), imported, p.path))
				}
			}
		}
	}
	return found
}

// reach looks behind the imports of pure packages that have no door. What fmt and
// math/big need themselves (os, time, math/rand) cannot count here.
func reach(m *module) []string {
	var found []string
	for _, p := range m.packages {
		names, isPure := doors(p.path)
		if !isPure || slices.ContainsFunc(p.files, func(f file) bool { return isDoor(names, f) }) {
			continue
		}
		for _, dep := range p.deps {
			to, ok := local(dep)
			if slices.Contains([]string{"net", "net/http", "os/exec", "log", "log/slog"}, dep) || ok && !isCalm(to) {
				found = append(found, fmt.Sprintf("%s reaches %s through what it imports: %s is pure", p.path, dep, p.path))
			}
		}
	}
	return found
}

const (
	functionBudget = 60
	fileBudget     = 500
	rootBudget     = 400
)

func budgets(m *module) []string {
	var found []string
	for _, p := range m.packages {
		for _, f := range p.files {
			if f.generated {
				continue
			}
			name := path.Join(p.path, f.name)
			if f.lines > fileBudget {
				found = append(found, fmt.Sprintf("%s has %d lines: a file has at most %d", name, f.lines, fileBudget))
			}
			for _, fn := range f.functions {
				if fn.lines > functionBudget {
					found = append(found, fmt.Sprintf("%s:%d: %s has %d lines: a function has at most %d", name, fn.line, fn.name, fn.lines, functionBudget))
				}
			}
		}
	}
	return found
}

// rootPackage keeps the types that pass between stages from becoming a drawer.
func rootPackage(m *module) []string {
	var found []string
	lines := 0
	for _, p := range m.packages {
		if p.path != "" {
			continue
		}
		for _, f := range p.files {
			lines += f.lines
			for _, imported := range f.imports {
				if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
					found = append(found, fmt.Sprintf("%s imports %s: the root package needs the standard library alone", f.name, imported))
				}
			}
		}
	}
	if lines > rootBudget {
		found = append(found, fmt.Sprintf("the root package has %d lines: at most %d, types and trivial methods", lines, rootBudget))
	}
	return found
}

var unsafeIn = []string{"internal/kernel", "engine/native", "internal/safetensors"}

func unsafety(m *module) []string {
	var found []string
	for _, p := range m.packages {
		allowed := slices.ContainsFunc(unsafeIn, func(folder string) bool { return within(p.path, folder) })
		for _, f := range p.files {
			for _, imported := range f.imports {
				if imported == "C" || imported == "unsafe" && !allowed {
					found = append(found, fmt.Sprintf("%s imports %s: no cgo; unsafe only in %v", path.Join(p.path, f.name), imported, unsafeIn))
				}
			}
		}
	}
	return found
}
