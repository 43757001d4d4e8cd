package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/negativa-lab/negativa/eval"
)

// printBoundary says how far each side reaches beyond the other.
func printBoundary(w io.Writer, c eval.Comparison) error {
	var lines []string
	if c.Crossing != nil {
		lines = append(lines, crossing(*c.Crossing))
	}
	if g := c.SamplingGap; g != nil {
		lines = append(lines,
			fmt.Sprintf("Pass@%d of B − Pass@1 of A: %s", g.K, gap(g.A)),
			fmt.Sprintf("Pass@%d of A − Pass@1 of B: %s", g.K, gap(g.B)))
	}
	if c.Solved != nil {
		lines = append(lines, solved(*c.Solved)...)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// crossing names the side that leads at k = 1 and where it is caught.
func crossing(c eval.Crossing) string {
	other := "B"
	if c.Leader == "B" {
		other = "A"
	}
	beyond := fmt.Sprintf("> %d", c.Largest)
	if c.K == nil {
		return fmt.Sprintf("the curves do not cross up to k = %d: %s stays ahead of %s; in %s of resamples they do", c.Largest, c.Leader, other, percent(c.Crossed))
	}
	return fmt.Sprintf("%s, ahead at k = 1, is caught by %s at k = %.3g [%s, %s]; in %s of resamples",
		c.Leader, other, *c.K, numberOr(c.Low, beyond), numberOr(c.High, beyond), percent(c.Crossed))
}

func numberOr(k *float64, beyond string) string {
	if k == nil {
		return beyond
	}
	return fmt.Sprintf("%.3g", *k)
}

func gap(g eval.Gap) string {
	return fmt.Sprintf("%s [%s, %s]", points(g.Value), points(g.Interval[0]), points(g.Interval[1]))
}

func solved(s eval.Solved) []string {
	cell := func(name string, n int, interval eval.Interval) string {
		return fmt.Sprintf("%s %d [%.0f, %.0f]", name, n, interval[0], interval[1])
	}
	cells := strings.Join([]string{
		cell("both", s.Both, s.Intervals.Both), cell("only A", s.OnlyA, s.Intervals.OnlyA),
		cell("only B", s.OnlyB, s.Intervals.OnlyB), cell("neither", s.Neither, s.Intervals.Neither),
	}, ", ")
	return []string{
		fmt.Sprintf("problems solved in n = %d samples by %s", s.N, cells),
		fmt.Sprintf("one that is not solved has a success rate of at most %.2g %% a sample, with the confidence of the intervals", 100*s.UnsolvedRate),
	}
}
