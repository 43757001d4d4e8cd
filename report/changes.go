package report

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/negativa-lab/negativa/diagnose"
)

// Changes is what trainings of one base changed in its weights.
type Changes struct {
	Diffs []diagnose.Diff // at least one
	Pairs []diagnose.Pair // of two trainings
}

// Print writes tables and sentences for a terminal.
func (c Changes) Print(w io.Writer) error {
	for _, t := range c.tables() {
		if err := t.print(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	for _, s := range c.sentences() {
		if _, err := fmt.Fprintln(w, s); err != nil {
			return err
		}
	}
	return nil
}

// Write writes diff.html and a heat map of each training to a folder, which is made if there
// is none, and returns the page's path.
func (c Changes) Write(dir string) (page string, err error) {
	d := document{Title: "What training changed in the weights", Sentences: c.sentences(), Tables: c.tables(), Notes: notesOfChanges}
	d.Lead = fmt.Sprintf("Base %s, stored as %s.", c.Diffs[0].Base, c.Diffs[0].DType)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for i, diff := range c.Diffs {
		name := heatMapName
		if len(c.Diffs) > 1 {
			name += "-" + strconv.Itoa(i+1)
		}
		svg := heatOf(diff).svg()
		d.Figures = append(d.Figures, figure{name, heatMapCaption(diff.Tuned), svg})
		if err := replaceFile(filepath.Join(dir, name+".svg"), []byte(svg)); err != nil {
			return "", err
		}
	}
	html, err := d.html()
	if err != nil {
		return "", err
	}
	page = filepath.Join(dir, "diff.html")
	return page, replaceFile(page, html)
}

// heatMapName is how the files of heat maps begin; the report of a run shows those in its
// folder diff.
const heatMapName = "sparsity"

func heatMapCaption(tuned string) string {
	return "Share of weights that " + tuned + " left as they were, in bits: a row for each layer, a column for each kind of module."
}

var notesOfChanges = []string{
	"bits: the stored numbers are equal; absolute: |Δ| ≤ 1e-5 (2505.11711); relative: |Δ| ≤ 1e-3 of the larger of the two",
	"rank: singular values above max(m, n) · 2⁻²³ of the largest, as torch.linalg.matrix_rank has it for float32; stable rank: ‖Δ‖²_F / ‖Δ‖²₂",
	"drift: ‖σ(W′) − σ(W)‖ / ‖σ(W)‖ of the singular values; angle: the largest principal angle between the spans of the " + strconv.Itoa(diagnose.Subspace) + " leading singular vectors before and after, left and right (2511.08567), or of as many as the rank",
	"random: a matrix that has the same differences in random places, alone or added to W; chance: masks of the same sizes, drawn independently",
}

// heatOf is the sparsity in bits by layer and kind. What lies in no layer is the last row.
func heatOf(d diagnose.Diff) *heatMap {
	h := newHeatMap()
	layers := slices.Clone(d.Tensors)
	slices.SortStableFunc(layers, func(a, b diagnose.Tensor) int { return order(a.Layer) - order(b.Layer) })
	for _, t := range layers {
		row := "others"
		if t.Layer >= 0 {
			row = strconv.Itoa(t.Layer)
		}
		h.set(row, t.Kind, float64(t.Sparsity.Bits))
	}
	return h
}

func order(layer int) int {
	if layer < 0 {
		return math.MaxInt32
	}
	return layer
}

func (c Changes) tables() []table {
	var tables []table
	for _, d := range c.Diffs {
		tables = append(tables, kindTable(d))
		if turns := turnTable(d); len(turns.Rows) > 0 {
			tables = append(tables, turns)
		}
	}
	if len(c.Pairs) > 0 {
		tables = append(tables, overlapTable(c.Pairs))
	}
	return tables
}

// kindTable has a row for each kind of module.
func kindTable(d diagnose.Diff) table {
	t := table{
		Caption: d.Tuned + ": weights that did not change, and what was added",
		Head:    []string{"", "parameters", "bits, %", "absolute, %", "relative, %", "rank, %", "stable rank", "random"},
	}
	row := func(name string, total diagnose.Total, kind string) {
		rank, stable, random := ranks(d, kind)
		t.Rows = append(t.Rows, []string{
			name, strconv.FormatInt(total.Parameters, 10), shareOf(total.Sparsity.Bits), shareOf(total.Sparsity.Abs), shareOf(total.Sparsity.Rel),
			shareOf(rank), short(stable), short(random),
		})
	}
	for _, kind := range slices.Sorted(maps.Keys(d.Kinds)) {
		row(kind, d.Kinds[kind], kind)
	}
	row("all", d.Total, "")
	return t
}

// ranks are means over the matrices of a kind, or over all; NaN where there is none.
func ranks(d diagnose.Diff, kind string) (fraction, stable, random float64) {
	n, m := 0.0, 0.0
	for _, t := range d.Tensors {
		if t.Rank == nil || kind != "" && t.Kind != kind {
			continue
		}
		fraction += *t.RankFraction
		n++
		if t.StableRank != nil {
			stable, random = stable+*t.StableRank, random+*t.RandomStable
			m++
		}
	}
	return fraction / n, stable / m, random / m
}

func overlapTable(pairs []diagnose.Pair) table {
	t := table{
		Caption: "What two trainings changed in common (by chance)",
		Head:    []string{"", "of the first, %", "of the second, %", "Jaccard", "cosine of Δ"},
	}
	for _, p := range pairs {
		t.Rows = append(t.Rows, []string{
			p.A + " and " + p.B,
			shareOf(p.O1) + " (" + shareOf(p.Chance.O1) + ")", shareOf(p.O2) + " (" + shareOf(p.Chance.O2) + ")",
			fmt.Sprintf("%.3f (%.3f)", p.Jaccard, p.Chance.Jaccard), fmt.Sprintf("%.3f (0)", p.Cosine),
		})
	}
	return t
}

func shareOf[F ~float64](f F) string {
	x := float64(f)
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.2f", 100*x)
}

func short(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.1f", x)
}

func (c Changes) sentences() []string {
	var all []string
	for _, d := range c.Diffs {
		s := d.Total.Sparsity
		if d.Total.Counts.Bits == 0 {
			all = append(all, fmt.Sprintf("%s is the base, bit for bit.", d.Tuned))
			continue
		}
		all = append(all, fmt.Sprintf("%s leaves %.2f %% of %d weights as they were, in bits of %s; by |Δ| ≤ 1e-5 it is %.2f %%, by a thousandth of the weight %.2f %%.",
			d.Tuned, 100*s.Bits, d.Total.Parameters, d.DType, 100*s.Abs, 100*s.Rel))
		if fraction, stable, random := ranks(d, ""); !math.IsNaN(stable) {
			all = append(all, fmt.Sprintf("What it added has %.1f %% of full rank; its stable rank, which tells how few directions carry it, is %.1f on average, and %.1f where the same numbers lie in random places, which as a rule have full rank, too.",
				100*fraction, stable, random))
		}
		if t := turns(d, ""); t.matrices > 0 {
			all = append(all, fmt.Sprintf("In the mean over matrices, singular values drift by %.2g %% of their norm, and the span of the leading directions turns by %.2g°; with the same numbers in random places it is %.2g %% and %.2g°.",
				100*t.drift, t.angle, 100*t.randomDrift, t.randomAngle))
		}
	}
	return append(all, "How many weights keep their bits depends on the type that they are stored in and on how far training moved them: compare at equal types, learning rates and steps.")
}
