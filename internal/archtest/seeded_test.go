package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A module that obeys every rule, with doors and tests that do what only they may.
var lawful = map[string]string{
	"go.mod":                      "module " + modulePath + "\n\ngo 1.26\n",
	"negativa.go":                 "// Package negativa is lawful.\npackage negativa\n",
	"task/task.go":                source("task", modulePath),
	"task/read.go":                source("task", "os"),
	"task/countdown/countdown.go": source("countdown", modulePath+"/task", modulePath+"/internal/draw"),
	"engine/engine.go":            source("engine", modulePath),
	"engine/native/native.go":     source("native", modulePath+"/engine", "unsafe"),
	"engine/enginetest/suite.go":  source("enginetest", modulePath+"/engine"),
	"rollout/rollout.go":          source("rollout", modulePath+"/engine", "time"),
	"objective/objective.go":      source("objective", modulePath, modulePath+"/internal/draw", "math"),
	"objective/psr_test.go":       source("objective", "os", modulePath+"/engine/native"),
	"eval/passk.go":               source("eval", "math/big"),
	"eval/run.go":                 source("eval", modulePath+"/rollout"),
	"internal/draw/draw.go":       source("draw", "math"),
	"internal/rundir/rundir.go":   source("rundir", "os", modulePath),
	"internal/bench/bench.go":     source("bench", modulePath+"/engine/native", "time"),
	"internal/cli/cli.go":         source("cli", modulePath+"/eval", modulePath+"/internal/rundir"),
	"cmd/negativa/main.go":        "// Command negativa is lawful.\npackage main\n\nimport _ \"" + modulePath + "/internal/cli\"\n\nfunc main() {}\n",
	"internal/kernel/_asm/x.go":   "package main\n\nimport \"C\"\n",
	"task/testdata/x.go":          "not Go",
}

// source is a documented file that imports packages.
func source(name string, imports ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Package %s is a fixture.\npackage %s\n\n", name, name)
	for _, i := range imports {
		fmt.Fprintf(&b, "import _ %q\n", i)
	}
	return b.String()
}

// Each case adds to the lawful module, or replaces, what breaks one rule.
var seeded = []struct {
	rule string
	file string
	text string
	want string
}{
	{"imports point one way", "task/bad.go", source("task", modulePath+"/rollout"), "task/bad.go imports " + modulePath + "/rollout"},
	{"imports point one way", "negativa.go", source("negativa", modulePath+"/internal/draw"), "negativa.go imports"},
	{"imports point one way", "engine/engine.go", source("engine", modulePath+"/task"), "engine/engine.go imports"},
	{"imports point one way", "engine/tabular/bad.go", source("tabular", modulePath+"/engine/native"), "engine/tabular/bad.go imports"},
	{"imports point one way", "engine/native/bad.go", source("native", modulePath+"/engine/enginetest"), "engine/native/bad.go imports"},
	{"imports point one way", "objective/bad.go", source("objective", modulePath+"/task"), "objective/bad.go imports"},
	{"imports point one way", "internal/rundir/bad.go", source("rundir", modulePath+"/task"), "internal/rundir/bad.go imports"},
	{"imports point one way", "train/bad.go", source("train", modulePath+"/internal/cli"), "train/bad.go imports"},
	{"imports point one way", "internal/bench/bad.go", source("bench", modulePath+"/internal/cli"), "internal/bench/bad.go imports"},
	{"imports point one way", "internal/kernel/bad.go", source("kernel", modulePath+"/internal/bench"), "internal/kernel/bad.go imports"},
	{"imports point one way", "task/bad_arm64.go", source("task", modulePath+"/rollout"), "task/bad_arm64.go imports"},
	{"imports point one way", "utils/utils.go", source("utils"), "utils has no place"},
	{"packages are documented", "train/bad.go", "package train\n", `"train" has no comment`},
	{"packages are documented", "train/bad.go", "// Copyright.\npackage train\n", `"train" has no comment`},
	{"packages are documented", "cmd/other/main.go", "package main\n\nfunc main() {}\n", `"cmd/other" has no comment`},
	{"pure code does no I/O", "objective/bad.go", source("objective", "os"), "objective/bad.go imports os"},
	{"pure code does no I/O", "verify/math/bad.go", source("math", "time"), "verify/math/bad.go imports time"},
	{"pure code does no I/O", "reward/bad.go", source("reward", "math/rand/v2"), "reward/bad.go imports math/rand/v2"},
	{"pure code does no I/O", "task/countdown/bad.go", source("countdown", "net/http"), "task/countdown/bad.go imports net/http"},
	{"pure code does no I/O", "eval/passk.go", source("eval", modulePath+"/engine"), "eval/passk.go imports"},
	{"pure code does no I/O", "verify/bad.go", source("verify", modulePath+"/engine"), "verify/bad.go imports"},
	{"pure code does no I/O", "reward/bad_noasm.go", "//go:build noasm\n\n" + source("reward", "os/exec"), "reward/bad_noasm.go imports os/exec"},
	{"pure packages reach no I/O", "verify/bad.go", source("verify", "expvar"), "verify reaches net/http"},
	{"pure packages reach no I/O", "reward/bad.go", source("reward", modulePath+"/internal/rundir"), "reward reaches " + modulePath + "/internal/rundir"},
	{"files and functions are small", "train/long.go", source("train") + strings.Repeat("\n", 500), "train/long.go has 503 lines"},
	{"files and functions are small", "train/long.go", source("train") + "func f() {\n" + strings.Repeat("\t_ = 1\n", 59) + "}\n", "train/long.go:4: f has 61 lines"},
	{"the root package is small", "drawer.go", "package negativa\n" + strings.Repeat("\n", 400), "the root package has 403 lines"},
	{"the root package is small", "drawer.go", "package negativa\n\nimport _ \"gonum.org/v1/gonum/mat\"\n", "drawer.go imports gonum.org"},
	{"no cgo, little unsafe", "internal/kernel/cgo.go", source("kernel", "C"), "internal/kernel/cgo.go imports C"},
	{"no cgo, little unsafe", "objective/bad.go", source("objective", "unsafe"), "objective/bad.go imports unsafe"},
}

func writeModule(t *testing.T, changes map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for _, files := range []map[string]string{lawful, changes} {
		for name, text := range files {
			full := filepath.Join(root, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func TestLawfulModulePasses(t *testing.T) {
	m := loadModule(t, writeModule(t, nil))
	for _, r := range rules {
		if violations := r.check(m); len(violations) > 0 {
			t.Errorf("%s: %q", r.name, violations)
		}
	}
}

func TestEveryRuleSeesItsViolation(t *testing.T) {
	broken := map[string]bool{}
	for _, c := range seeded {
		broken[c.rule] = true
		t.Run(c.rule+"/"+c.want, func(t *testing.T) {
			t.Parallel()
			m := loadModule(t, writeModule(t, map[string]string{c.file: c.text}))
			for _, r := range rules {
				if r.name != c.rule {
					continue
				}
				violations := r.check(m)
				if len(violations) != 1 && c.rule != "pure packages reach no I/O" || !strings.Contains(strings.Join(violations, "\n"), c.want) {
					t.Errorf("found %q, want one that holds %q", violations, c.want)
				}
			}
		})
	}
	for _, r := range rules {
		if !broken[r.name] {
			t.Errorf("no module breaks the rule that %s", r.name)
		}
	}
}
