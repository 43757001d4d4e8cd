package main_test

import (
	"encoding/binary"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/negativa-lab/negativa/internal/cli"
)

var update = flag.Bool("update", false, "rewrite expected outputs")

// TestMain lets scripts run this binary as negativa.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"negativa": func() { os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "await": await, "truncate": truncate, "reheader": reheader, "serve": serve,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NO_COLOR", "1")
			root, err := filepath.Abs("../..")
			env.Setenv("MODELS", filepath.Join(root, "engine", "native", "testdata"))
			env.Setenv("TOKENIZERS", filepath.Join(root, "tokenizer", "testdata"))
			return err
		},
	})
}

// exits CODE COMMAND...: the command must end with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		code = strconv.Itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, not %s", code, args[0])
	}
}

// await FILE: waits until the file is there.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for range 600 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not come", args[0])
}

// truncate FILE BYTES: cuts the end of a file off.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	cut, err := strconv.Atoi(args[1])
	ts.Check(err)
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-int64(cut)))
}

// reheader FILE OLD NEW: replaces text of one length in a safetensors header.
func reheader(ts *testscript.TestScript, _ bool, args []string) {
	path := filepath.Clean(ts.MkAbs(args[0]))
	raw, err := os.ReadFile(path)
	ts.Check(err)
	size := 8 + int(binary.LittleEndian.Uint64(raw))
	header, found := string(raw[8:size]), false
	for i := 0; i+len(args[1]) <= len(header); i++ {
		if header[i:i+len(args[1])] == args[1] {
			copy(raw[8+i:], args[2])
			found = true
			break
		}
	}
	if !found || len(args[1]) != len(args[2]) {
		ts.Fatalf("%q cannot be replaced in the header %.400s", args[1], header)
	}
	ts.Check(os.WriteFile(path, raw, 0o644))
}
