package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/report"
)

// listed is an evaluation of three problems of three right answers each, of which four
// samples found one, or two.
func listed(t *testing.T, distinct int) eval.Evaluation {
	t.Helper()
	var lines strings.Builder
	for i := range 12 {
		fmt.Fprintf(&lines, `{"question_id":%d,"generation_id":%d,"label":true,"pred_answer":"%d"}`+"\n", i/4, i%4, i%distinct)
	}
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	r := eval.Reading{Bootstrap: eval.DefaultBootstrap(1), Answers: func(string) ([]string, error) { return []string{"0", "1", "2"}, nil }}
	e, err := r.File(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCoverageIsShown(t *testing.T) {
	one, two := listed(t, 1), listed(t, 2)
	s := report.Summary{Base: report.NewResult("base", 0, two), Objectives: []report.Result{result(t, "psr", 1, one, two, one)}, N: 4, Problems: 3}
	var out bytes.Buffer
	if err := errors.Join(s.Print(&out), report.PrintEvaluation(&out, two), report.PrintComparison(&out, compare(t, one, two))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Right answers found by k samples, in % of all that exist, with 95 % intervals", // of the summary
		"right answers found         33.3         55.6         66.7",                    // of the evaluation; 1/3 · (1 + 2/3) at k = 2
		"k = 4  33.3  66.7  −33.3",                                                      // of the comparison
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	dir := newRun(t)
	if err := dir.WriteSummary(s); err != nil {
		t.Fatal(err)
	}
	write(t, dir)
	checkSVG(t, dir.Path("coverage.svg"))
}

func TestPerplexityIsShown(t *testing.T) {
	scored := func(logs ...float64) eval.Scored {
		return eval.Scored{Problems: []eval.Perplexities{{ID: "p", Logs: logs}}, FromText: 2, Empty: 1}
	}
	c := compare(t, listed(t, 1), listed(t, 1))
	var err error
	if c.Perplexity, err = eval.DefaultBootstrap(1).Perplexity(scored(0, 0, 0), scored(1, 1, 1), "0123456789abcdef", 3); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.PrintComparison(&out, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"the model 0123456789ab, at temperature 1; 1 problems, the first 3 samples of each", "2.718", "−1.0000 [−1.0000, −1.0000]",
		"in 100.0% [100.0%, 100.0%]", "4 samples have no recorded tokens", "2 samples have no token",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
