package objective

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/negativa-lab/negativa"
)

// The files of testdata/batches say what every objective defines of a batch. Its input is
// a group of rewards a line, scale (where given) is scale_rewards, row i has 1 + i mod 3
// tokens, and the constant normaliser divides by 4. The output has a line for each
// objective: advantage × weight of each row, with a star if the row can move a parameter.
func TestBatches(t *testing.T) {
	datadriven.Walk(t, "testdata/batches", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			rewards := parseRewards(t, d.Input)
			var out strings.Builder
			for _, name := range Names() {
				o, err := Default(name)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				o.Params.MaxCompletionLength = 4
				d.MaybeScanArgs(t, "scale", (*string)(&o.Params.ScaleRewards))
				describe(&out, o, rewards)
			}
			return out.String()
		})
	})
}

func parseRewards(t *testing.T, input string) (rewardsPG [][]float64) {
	t.Helper()
	for line := range strings.Lines(input) {
		var group []float64
		for field := range strings.FieldsSeq(line) {
			r, err := strconv.ParseFloat(field, 64)
			if err != nil {
				t.Fatal(err)
			}
			group = append(group, r)
		}
		rewardsPG = append(rewardsPG, group)
	}
	return rewardsPG
}

func describe(out *strings.Builder, o Objective, rewardsPG [][]float64) {
	var lengths []int
	var kept, moves []bool
	advantages := flatten(o.Advantages(rewardsPG))
	for i, a := range advantages {
		row := negativa.Row{Advantages: repeat(a, 1+i%3)}
		lengths, kept, moves = append(lengths, 1+i%3), append(kept, a != 0), append(moves, o.HasGradient(&row))
	}
	weights := o.Weights(lengths, kept)
	var line strings.Builder
	line.WriteString(fmt.Sprintf("%-12s", o.Name))
	for i, a := range advantages {
		line.WriteString(fmt.Sprintf("|%7.3f × %.3f %s ", a, weights[i], map[bool]string{true: "*", false: " "}[moves[i]]))
	}
	fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
}
