package task

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/families.golden")

// The same seed gives the same bytes: on every machine, and after every change of the code.
func TestProblemsAreThoseOfTheGoldenFile(t *testing.T) {
	const path = "testdata/families.golden"
	var b strings.Builder
	for _, spec := range specs {
		f := family(spec)
		fmt.Fprintf(&b, "%s\n", f.Name())
		for _, split := range []Split{Pretrain, Train, Test} {
			p := f.Problem(split, 1, 0)
			fmt.Fprintf(&b, "  %-8s %s %s\n", split, p.Prompt, f.Trace(p, 1))
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the golden file (-) and what is made (+)\n%s", diff)
	}
}

func BenchmarkFamilies(b *testing.B) {
	for _, name := range Names() {
		f := family(name)
		b.Run(name+"/problem and trace", func(b *testing.B) {
			for i := uint64(0); b.Loop(); i++ {
				f.Trace(f.Problem(Pretrain, 1, i), i)
			}
		})
		b.Run(name+"/verify", func(b *testing.B) {
			p := f.Problem(Pretrain, 1, 1)
			trace := f.Trace(p, 1)
			for b.Loop() {
				f.Verify(p, trace)
			}
		})
	}
}
