package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/negativa-lab/negativa/eval"
)

// table is rows of text under a head. The first column is left-aligned, others right.
type table struct {
	Caption string
	Head    []string
	Rows    [][]string
}

// print writes the table in columns.
func (t table) print(w io.Writer) error {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	if t.Caption != "" {
		fmt.Fprintf(&out, "%s\n", t.Caption)
	}
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		var line strings.Builder
		for i, cell := range row {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + space)
			} else {
				line.WriteString("  " + space + cell)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Print writes the summary for a terminal: Pass@k with intervals, what training cost and
// did, the curves at equal Pass@1, and the sentences.
func (s Summary) Print(w io.Writer) error {
	for _, t := range s.tables() {
		if err := t.print(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	for _, sentence := range s.Sentences() {
		if _, err := fmt.Fprintln(w, sentence); err != nil {
			return err
		}
	}
	return nil
}

func (s Summary) tables() []table {
	tables := []table{s.passTable()}
	if s.Base.CoverageAtK != nil {
		tables = append(tables, s.coverageTable())
	}
	tables = append(tables, s.costTable())
	if equal := s.equalTable(); len(equal.Rows) > 0 {
		tables = append(tables, equal)
	}
	return tables
}

// row names a result; the seed is said where there are several.
func (s Summary) row(r Result) string {
	if r.Name == "base" || len(s.seeds(r.Name)) == 1 {
		return label(r.Name)
	}
	return fmt.Sprintf("%s seed %d", label(r.Name), r.Seed)
}

func (s Summary) passTable() table {
	t := table{Caption: fmt.Sprintf("Pass@k in %% at equal rollouts, with 95 %% intervals; %d problems, n = %d", s.Problems, s.N)}
	t.Head = passHead("", s.Base.PassAtK)
	for _, r := range append([]Result{s.Base}, s.Objectives...) {
		t.Rows = append(t.Rows, passRows(s.row(r), r.PassAtK, r.Interval)...)
	}
	return t
}

func passHead(first string, curve eval.ByK[float64]) []string {
	head := []string{first}
	for _, p := range curve {
		head = append(head, fmt.Sprintf("Pass@%d", p.K))
	}
	return head
}

// passRows are the values and, under them, their intervals.
func passRows(name string, curve eval.ByK[float64], intervals eval.ByK[eval.Interval]) [][]string {
	values, bounds := []string{name}, []string{""}
	for _, p := range curve {
		values = append(values, fmt.Sprintf("%.1f", 100*p.Value))
		bound := ""
		if i, ok := intervals.At(p.K); ok {
			bound = fmt.Sprintf("%.1f–%.1f", 100*i[0], 100*i[1])
		}
		bounds = append(bounds, bound)
	}
	return [][]string{values, bounds}
}

func (s Summary) costTable() table {
	t := table{
		Caption: "What training did and cost",
		Head:    []string{"", "entropy", "distinct correct", "coverage", "optimizer steps", "skipped", "rollouts", "seconds"},
	}
	for _, r := range append([]Result{s.Base}, s.Objectives...) {
		t.Rows = append(t.Rows, []string{
			s.row(r), fmt.Sprintf("%.3f", r.Entropy), fmt.Sprintf("%.2f", r.DistinctCorrect), percent(r.Coverage),
			thousands(r.OptimizerSteps), thousands(r.SkippedSteps), thousands(r.Rollouts), fmt.Sprintf("%.0f", r.Seconds),
		})
	}
	return t
}

func (s Summary) equalTable() table {
	t := table{Head: passHead("", s.Base.PassAtK)}
	var targets []string
	for _, r := range s.Objectives {
		e := r.EqualPassAt1
		if e == nil {
			continue
		}
		if target := percent(e.Target); !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
		t.Rows = append(t.Rows, passRows(fmt.Sprintf("%s, step %d", s.row(r), e.Step), e.PassAtK, e.Interval)...)
	}
	t.Caption = fmt.Sprintf("Pass@k in %% at equal Pass@1: the checkpoint nearest to %s", strings.Join(targets, ", "))
	return t
}

// PrintEvaluation writes an evaluation for a terminal.
func PrintEvaluation(w io.Writer, e eval.Evaluation) error {
	for _, t := range evaluationTables("", e) {
		if err := t.print(w); err != nil {
			return err
		}
	}
	return nil
}

func evaluationTables(name string, e eval.Evaluation) []table {
	curve := table{Caption: conditions(e), Head: passHead(name, e.PassAtK), Rows: passRows("%", e.PassAtK, e.Interval)}
	if e.MajorityAtK != nil {
		curve.Rows = append(curve.Rows, passRows("majority vote", e.MajorityAtK, nil)[0])
	}
	if e.CoverageAtK != nil {
		curve.Rows = append(curve.Rows, passRows("right answers found", e.CoverageAtK, e.CoverageInterval)...)
	}
	facts := table{Head: []string{"", ""}}
	for _, f := range []struct {
		name, format string
		value        *float64
	}{
		{"distinct correct answers a problem", "%.3f", e.DistinctCorrect},
		{"coverage of all correct answers", "%.3f", e.Coverage},
		{"entropy, nats a token", "%.4f", e.Entropy},
		{"tokens a sample", "%.2f", e.MeanLength},
		{"truncated samples, share", "%.4f", e.TruncatedRatio},
	} {
		if f.value != nil {
			facts.Rows = append(facts.Rows, []string{f.name, fmt.Sprintf(f.format, *f.value)})
		}
	}
	tables := []table{curve}
	if len(facts.Rows) > 0 {
		tables = append(tables, facts)
	}
	if len(e.Levels) > 0 {
		tables = append(tables, partTable("level", e.Levels))
	}
	if len(e.Subjects) > 0 {
		tables = append(tables, partTable("subject", e.Subjects))
	}
	return tables
}

// partTable is Pass@k of each level or subject.
func partTable(kind string, parts []eval.Part) table {
	t := table{Caption: fmt.Sprintf("Pass@k in %% by %s", kind), Head: append([]string{kind, "problems"}, passHead("", parts[0].PassAtK)[1:]...)}
	for _, p := range parts {
		rows := passRows(partName(p.Name), p.PassAtK, p.Interval)
		t.Rows = append(t.Rows, slices.Insert(rows[0], 1, thousands(p.Problems)), slices.Insert(rows[1], 1, ""))
	}
	return t
}

func partName(name string) string {
	if name == "" {
		return "(not said)"
	}
	return name
}

// conditions is what an evaluation's numbers hold under.
func conditions(e eval.Evaluation) string {
	c := e.Conditions
	parts := []string{fmt.Sprintf("%d problems, n = %d", e.Problems, e.N)}
	if c.Task != "" {
		parts = append(parts, fmt.Sprintf("%s (%s)", c.Task, c.Split))
	}
	if c.Source != "" {
		parts = append(parts, c.Source)
	}
	if s := c.Sampling; s != nil {
		parts = append(parts, fmt.Sprintf("temperature %g, top-p %g, at most %d tokens, seed %d", s.Temperature, s.TopP, s.MaxTokens, s.Seed))
	}
	if c.Data != nil {
		parts = append(parts, c.Data.Path, promptName(c.Sampling))
	}
	if c.Preset != "" {
		parts = append(parts, "preset "+c.Preset)
	}
	if c.Endpoint != nil {
		parts = append(parts, fmt.Sprintf("%s at %s (%s)", c.Endpoint.Model, c.Endpoint.BaseURL, c.Endpoint.API))
	}
	if c.Model != "" {
		parts = append(parts, fmt.Sprintf("model %.12s", c.Model))
	}
	if c.Verifier != "" {
		parts = append(parts, "verifier "+c.Verifier)
	}
	return strings.Join(parts, "; ")
}

// promptName says how problems of a file were put.
func promptName(s *eval.Sampling) string {
	if s == nil || s.PromptTemplate == "" {
		return "prompts as they are"
	}
	return fmt.Sprintf("prompt %q", s.PromptTemplate)
}

// PrintComparison writes a paired comparison for a terminal.
func PrintComparison(w io.Writer, c eval.Comparison) error {
	t := table{
		Caption: fmt.Sprintf("%d paired problems; Pass@k in %%, differences in points with 95 %% intervals", c.Problems),
		Head:    append([]string{""}, differenceHead...),
	}
	for _, p := range c.PassAtK {
		t.Rows = append(t.Rows, append([]string{fmt.Sprintf("Pass@%d", p.K)}, differenceCells(p.Value)...))
	}
	if err := t.print(w); err != nil {
		return err
	}
	if err := printCoverage(w, c); err != nil {
		return err
	}
	if err := printBoundary(w, c); err != nil {
		return err
	}
	if err := printParts(w, "level", c.Levels); err != nil {
		return err
	}
	if err := printParts(w, "subject", c.Subjects); err != nil {
		return err
	}
	if c.Perplexity != nil {
		if err := printPerplexity(w, *c.Perplexity); err != nil {
			return err
		}
	}
	for _, difference := range c.Differences {
		if _, err := fmt.Fprintf(w, "conditions differ: %s\n", difference); err != nil {
			return err
		}
	}
	return nil
}

var differenceHead = []string{"A", "B", "A − B", "interval", "p", "verdict"}

func differenceCells(d eval.Difference) []string {
	return []string{
		fmt.Sprintf("%.1f", 100*d.A), fmt.Sprintf("%.1f", 100*d.B), points(d.AMinusB),
		fmt.Sprintf("%s to %s", points(d.Interval[0]), points(d.Interval[1])), fmt.Sprintf("%.4f", d.PValue), string(d.Verdict),
	}
}

// printParts writes the ends of the curve of each level or subject; JSON has it whole.
func printParts(w io.Writer, kind string, parts []eval.PartComparison) error {
	if len(parts) == 0 {
		return nil
	}
	t := table{Caption: "\nby " + kind, Head: append([]string{kind, "problems", "k"}, differenceHead...)}
	for _, p := range parts {
		ends := p.PassAtK[:1]
		if last := len(p.PassAtK) - 1; last > 0 {
			ends = append(slices.Clone(ends), p.PassAtK[last])
		}
		for i, end := range ends {
			row := []string{partName(p.Name), thousands(p.Problems), fmt.Sprint(end.K)}
			if i > 0 {
				row[0], row[1] = "", ""
			}
			t.Rows = append(t.Rows, append(row, differenceCells(end.Value)...))
		}
	}
	return t.print(w)
}
