package eval_test

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/negativa-lab/negativa/eval"
)

// TestEqualsThePapersScript reads a file as calculate_metrics.py of the code of 2506.01347
// does, the first 256 samples of each question, and must print what it printed. The
// script's products are rounded: it and the exact value part in the 16th decimal.
func TestEqualsThePapersScript(t *testing.T) {
	folder := filepath.Join("testdata", "calculate_metrics")
	e, err := eval.File(filepath.Join(folder, "samples.jsonl"), 256, nil, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.Open(filepath.Join(folder, "out.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	seen := 0
	for lines := bufio.NewScanner(printed); lines.Scan(); seen++ {
		var questions, k, n int
		var want float64
		if _, err := fmt.Sscanf(lines.Text(), "Questions Number: %d, Unbiased Pass@%d/%d: %g", &questions, &k, &n, &want); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		got, ok := e.PassAtK.At(k)
		if !ok || e.Problems != questions || e.N != n || math.Abs(got-want) > 2e-16 || fmt.Sprintf("%.15f", got) != fmt.Sprintf("%.15f", want) {
			t.Errorf("Pass@%d of %d questions, n = %d, is %v; the script says %q", k, e.Problems, e.N, got, lines.Text())
		}
	}
	if seen != 9 {
		t.Errorf("%d lines of the script's output, want 9", seen)
	}
}
