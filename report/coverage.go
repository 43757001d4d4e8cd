package report

import (
	"fmt"
	"io"

	"github.com/negativa-lab/negativa/eval"
)

// coverageTable is the share of right answers that k samples give.
func (s Summary) coverageTable() table {
	t := table{Caption: fmt.Sprintf("Right answers found by k samples, in %% of all that exist, with 95 %% intervals; %d problems, n = %d", s.Problems, s.N)}
	t.Head = []string{""}
	for _, p := range s.Base.CoverageAtK {
		t.Head = append(t.Head, fmt.Sprintf("k = %d", p.K))
	}
	for _, r := range append([]Result{s.Base}, s.Objectives...) {
		t.Rows = append(t.Rows, passRows(s.row(r), r.CoverageAtK, r.CoverageInterval)...)
	}
	return t
}

func (s Summary) coverageChart() chart {
	c := chart{x: "k", y: "right answers found, %", powers: true}
	if s.Base.CoverageAtK == nil {
		return c
	}
	c.lines = append(c.lines, passLine("base", s.Base.CoverageAtK, s.Base.CoverageInterval))
	for _, name := range s.names() {
		for i, r := range s.seeds(name) {
			c.lines = append(c.lines, s.oneOf(passLine(name, r.CoverageAtK, r.CoverageInterval), i))
		}
	}
	return c
}

// printCoverage writes the comparison of coverage, where all right answers are known.
func printCoverage(w io.Writer, c eval.Comparison) error {
	if c.CoverageAtK == nil {
		return nil
	}
	t := table{
		Caption: "\nRight answers found by k samples, in % of all that exist",
		Head:    []string{"", "A", "B", "A − B", "interval"},
	}
	for _, p := range c.CoverageAtK {
		d := p.Value
		t.Rows = append(t.Rows, []string{
			fmt.Sprintf("k = %d", p.K), fmt.Sprintf("%.1f", 100*d.A), fmt.Sprintf("%.1f", 100*d.B), points(d.AMinusB),
			fmt.Sprintf("%s to %s", points(d.Interval[0]), points(d.Interval[1])),
		})
	}
	if err := t.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
