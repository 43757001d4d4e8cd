package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/eval"
)

// printPerplexity says where the samples of both sides lie in one model's distribution.
func printPerplexity(w io.Writer, c eval.PerplexityComparison) error {
	samples := "all samples"
	if c.N > 0 {
		samples = fmt.Sprintf("the first %d samples", c.N)
	}
	t := table{
		Caption: fmt.Sprintf("\nPerplexity of a sample under the model %.12s, at temperature 1; %d problems, %s of each", c.Model, c.Problems, samples),
		Head:    []string{"", "lower quartile", "median", "upper quartile", "mean ln", "samples"},
	}
	for _, side := range []struct {
		name string
		eval.PerplexitySpread
	}{{"A", c.A}, {"B", c.B}} {
		t.Rows = append(t.Rows, []string{
			side.name, fmt.Sprintf("%.4g", side.Quartiles[0]), fmt.Sprintf("%.4g", side.Median), fmt.Sprintf("%.4g", side.Quartiles[1]),
			fmt.Sprintf("%.4f", side.MeanLog), strconv.Itoa(side.Samples),
		})
	}
	if err := t.print(w); err != nil {
		return err
	}
	lines := []string{
		fmt.Sprintf("mean ln perplexity of A − of B: %+.4f [%+.4f, %+.4f] nats a token", c.LogRatio.Value, c.LogRatio.Interval[0], c.LogRatio.Interval[1]),
		fmt.Sprintf("of a sample of A and one of B on the same problem, A's has the lower perplexity in %s [%s, %s]: 50%% where both are drawn alike",
			percent(c.Lower.Value), percent(c.Lower.Interval[0]), percent(c.Lower.Interval[1])),
	}
	if n := c.A.FromText + c.B.FromText; n > 0 {
		lines = append(lines, fmt.Sprintf("%d samples have no recorded tokens: they were scored as the model's tokenizer writes their texts", n))
	}
	if n := c.A.Empty + c.B.Empty; n > 0 {
		lines = append(lines, fmt.Sprintf("%d samples have no token, and are left out", n))
	}
	_, err := fmt.Fprintln(w, strings.ReplaceAll(strings.Join(lines, "\n"), "-", "−"))
	return err
}
