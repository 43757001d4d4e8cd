package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/rundir"
	"github.com/negativa-lab/negativa/report"
)

// evaluation has problems of which each has c of 4 samples right.
func evaluation(t *testing.T, correct ...int) eval.Evaluation {
	t.Helper()
	var lines strings.Builder
	for i, c := range correct {
		for j := range 4 {
			line, err := json.Marshal(map[string]any{"question_id": i, "generation_id": j, "label": j < c})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
	}
	path := filepath.Join(t.TempDir(), "samples.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	e, err := eval.File(path, 4, nil, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func repeated(pattern []int, times int) (out []int) {
	for range times {
		out = append(out, pattern...)
	}
	return out
}

// result is an objective's, compared with the base and with PSR as the demo does.
func result(t *testing.T, name string, seed uint64, e, base, psr eval.Evaluation) report.Result {
	t.Helper()
	r := report.NewResult(name, seed, e)
	r.OptimizerSteps, r.Rollouts, r.Seconds = 377, 102400, 12
	versusBase := comparison(t, e, base)
	r.VersusBase, r.Solved, r.VersusPSR = versusBase.PassAtK, versusBase.Solved, differences(t, e, psr)
	r.EqualPassAt1 = &report.Equal{Target: 0.5, Step: 40, Rollouts: 40960, PassAtK: e.PassAtK, Interval: e.Interval, VersusPSR: r.VersusPSR}
	r.Trace = []report.Point{report.NewPoint(0, 0, base), report.NewPoint(100, 102400, e)}
	return r
}

func differences(t *testing.T, a, b eval.Evaluation) eval.ByK[eval.Difference] {
	t.Helper()
	return comparison(t, a, b).PassAtK
}

func comparison(t *testing.T, a, b eval.Evaluation) eval.Comparison {
	t.Helper()
	c, err := eval.Compare(a, b, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// summary has a PSR that rose at k = 1 and fell at k = 4, and an NSR like the base.
func summary(t *testing.T, seeds int) report.Summary {
	t.Helper()
	base := evaluation(t, repeated([]int{2, 1}, 40)...)
	psr := evaluation(t, repeated([]int{4, 0}, 40)...)
	psrAgain := evaluation(t, repeated([]int{4, 1}, 40)...)
	s := report.Summary{Base: report.NewResult("base", 0, base), N: 4, Problems: 80, Conditions: base.Conditions}
	for seed := range uint64(seeds) {
		p := psr
		if seed == 1 {
			p = psrAgain
		}
		s.Objectives = append(s.Objectives, result(t, "psr", seed+1, p, base, p), result(t, "nsr", seed+1, base, base, p))
	}
	return s
}

func TestSentencesFollowTheNumbers(t *testing.T) {
	text := strings.Join(summary(t, 1).Sentences(), "\n")
	for _, want := range []string{
		"PSR, after 102,400 rollouts and 377 optimizer steps: Pass@1 rose from 37.5% to 50.0%",
		"Pass@4 fell from 100.0% to 50.0% (−50.0 [",
		"NSR, after 102,400 rollouts and 377 optimizer steps: Pass@1 did not change measurably between 37.5% and 37.5%",
		"NSR keeps Pass@4 where PSR loses it: at equal rollouts NSR − PSR is +50.0 [",
		"these numbers agree",
		"(here 1)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}

	t.Run("turned over, they say the opposite", func(t *testing.T) {
		s := summary(t, 1)
		s.Objectives[0].Name, s.Objectives[1].Name = "nsr", "psr"
		for i := range s.Objectives {
			s.Objectives[i].VersusPSR = flip(s.Objectives[1].VersusPSR)
			s.Objectives[i].EqualPassAt1.VersusPSR = s.Objectives[i].VersusPSR
		}
		text := strings.Join(s.Sentences(), "\n")
		for _, want := range []string{"NSR, after 102,400 rollouts and 377 optimizer steps: Pass@1 rose", "these numbers contradict it"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
	t.Run("over seeds, they count", func(t *testing.T) {
		text := strings.Join(summary(t, 2).Sentences(), "\n")
		for _, want := range []string{"mean of 2 seeds", "Pass@4 went from 100.0% to 75.0% (fell in 1 of 2 seeds, did not change measurably in 1 of 2 seeds)", "higher in 1, lower in 0, not told apart in 1", "(here 2)"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}

func flip(curve eval.ByK[eval.Difference]) (out eval.ByK[eval.Difference]) {
	other := map[eval.Verdict]eval.Verdict{eval.AHigher: eval.BHigher, eval.BHigher: eval.AHigher, eval.CannotTellApart: eval.CannotTellApart}
	for _, p := range curve {
		d := p.Value
		p.Value = eval.Difference{A: d.B, B: d.A, AMinusB: -d.AMinusB, Interval: eval.Interval{-d.Interval[1], -d.Interval[0]}, PValue: d.PValue, Verdict: other[d.Verdict]}
		out = append(out, p)
	}
	return out
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	if err := summary(t, 2).Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Pass@1", "Pass@4", "PSR seed 2", "optimizer steps", "at equal Pass@1: the checkpoint nearest to 50.0%", "102,400"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	e := evaluation(t, 2, 1)
	if err := errors.Join(report.PrintEvaluation(&out, e), report.PrintComparison(&out, compare(t, e, e))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 problems, n = 4", "37.5", "cannot tell apart", "by both 2 [0, 2]", "at most 53 % a sample"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func compare(t *testing.T, a, b eval.Evaluation) eval.Comparison {
	t.Helper()
	c, err := eval.Compare(a, b, eval.DefaultBootstrap(1))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newRun(t *testing.T) *rundir.Dir {
	t.Helper()
	dir, err := rundir.Create(filepath.Join(t.TempDir(), "run"), []byte("task: <countdown>\n"), rundir.NewEnvironment(2, 1))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWriteComparison(t *testing.T) {
	dir := newRun(t)
	if err := dir.WriteSummary(summary(t, 1)); err != nil {
		t.Fatal(err)
	}
	page := write(t, dir)
	for _, want := range []string{"Pass@1 rose from 37.5% to 50.0%", "prefers-color-scheme: dark", "task: &lt;countdown&gt;", "kept 40, ", "lost 40", "kept 80, ", "W-REINFORCE"} {
		if has := strings.Contains(page, want); has != (want != "W-REINFORCE") {
			t.Errorf("the page has %q: %v", want, has)
		}
	}
	for _, name := range []string{"pass_at_k", "versus_base", "equal_pass_at_1", "pass_at_1", "entropy"} {
		checkSVG(t, dir.Path(name+".svg"))
	}
	if _, err := os.Stat(dir.Path("solved.svg")); err != nil {
		t.Error(err)
	}
}

func TestWriteTraining(t *testing.T) {
	dir := newRun(t)
	log, err := dir.AppendMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 3; step++ {
		m := map[string]float64{"reward": 0.1 * float64(step), "loss": -1, "entropy": 0.5, "grad_norm": math.NaN()}
		if err := log.Append(step, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Close(), rundir.WriteJSON(dir.Eval("last")+".json", evaluation(t, 2, 1))); err != nil {
		t.Fatal(err)
	}
	page := write(t, dir)
	for _, want := range []string{"3 steps", "First and last step", "37.5"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	checkSVG(t, dir.Path("reward.svg"))
	checkSVG(t, dir.Path("pass_at_k.svg"))
	if _, err := os.Stat(dir.Path("gradient.svg")); err == nil {
		t.Error("a picture of nothing was drawn")
	}
}

// Formats and phases have pictures where a run has told of them, though not at every step.
func TestWriteFormatsAndPhases(t *testing.T) {
	dir := newRun(t)
	log, err := dir.AppendMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 3; step++ {
		m := map[string]float64{"format/plain/share": 1, "format/none/share": 0, "entropy/execution": 0.1, "strategy_entropy": 1, "errors/strategy": 0.2, "perplexity/execution": 1.1}
		if step != 2 {
			m["format/plain/accuracy"] = 0.5
		}
		if err := log.Append(step, m); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir.Path("diff"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir.Path("diff/sparsity.svg"), []byte(`<svg xmlns="http://www.w3.org/2000/svg"><text>93.8 %</text></svg>`), 0o644); err != nil {
		t.Fatal(err)
	}
	page := write(t, dir)
	for _, name := range []string{"formats", "format_accuracy", "execution", "strategy", "perplexity", "mistakes"} {
		checkSVG(t, dir.Path(name+".svg"))
	}
	for _, want := range []string{"in each format", "the choice of strategy", "format/plain/accuracy", "93.8 %"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page", want)
		}
	}
}

func write(t *testing.T, dir *rundir.Dir) string {
	t.Helper()
	path, err := report.Write(dir.Path())
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if foreign := regexp.MustCompile(`(src|href)=|@import|url\(|<script`).Find(page); foreign != nil {
		t.Errorf("the page is not self-contained: %s", foreign)
	}
	return string(page)
}

// checkSVG reads the picture as XML and looks for lines in it.
func checkSVG(t *testing.T, path string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	paths := 0
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "path" {
			paths++
		}
	}
	if paths < 5 || bytes.Contains(raw, []byte("NaN")) {
		t.Errorf("%s has %d paths", path, paths)
	}
}

func TestWriteRefuses(t *testing.T) {
	if _, err := report.Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a run") {
		t.Errorf("an empty folder: %v", err)
	}
	for content, want := range map[string]string{
		"{":                           "summary.json",
		`{"base":{}}`:                 "no base or no objectives",
		`{"base":{"pass@k":{"x":1}}}`: "is not a k",
	} {
		dir := newRun(t)
		if err := os.WriteFile(dir.Path("summary.json"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := report.Write(dir.Path()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", content, err, want)
		}
	}
}
