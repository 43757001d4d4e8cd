package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/negativa-lab/negativa/diagnose"
)

// turnMeans are means over matrices of what became of their singular values and vectors.
type turnMeans struct {
	matrices                               int
	drift, randomDrift, angle, randomAngle float64
}

// turns are means over the matrices of a kind, or over all, that have both numbers.
func turns(d diagnose.Diff, kind string) (m turnMeans) {
	for _, t := range d.Tensors {
		if t.RandomTurn == nil || t.K == 0 || t.RandomTurn.K == 0 || kind != "" && t.Kind != kind {
			continue
		}
		m.matrices++
		m.drift, m.randomDrift = m.drift+float64(t.Drift), m.randomDrift+float64(t.RandomTurn.Drift)
		m.angle, m.randomAngle = m.angle+float64(t.Angle), m.randomAngle+float64(t.RandomTurn.Angle)
	}
	n := float64(m.matrices)
	return turnMeans{m.matrices, m.drift / n, m.randomDrift / n, m.angle / n, m.randomAngle / n}
}

// turnTable has a row for each kind of module that has matrices; none without ranks.
func turnTable(d diagnose.Diff) table {
	t := table{
		Caption: d.Tuned + ": what became of singular values and leading directions, in the mean over matrices",
		Head:    []string{"", "matrices", "drift, %", "random", "angle, °", "random"},
	}
	row := func(name, kind string) {
		if m := turns(d, kind); m.matrices > 0 {
			t.Rows = append(t.Rows, []string{
				name, strconv.Itoa(m.matrices), fmt.Sprintf("%#.3g", 100*m.drift), fmt.Sprintf("%#.3g", 100*m.randomDrift),
				fmt.Sprintf("%#.3g", m.angle), fmt.Sprintf("%#.3g", m.randomAngle),
			})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(d.Kinds)) {
		row(kind, kind)
	}
	row("all", "")
	return t
}
