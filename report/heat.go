package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// heatMap is a table of shares, drawn: one row a layer, one column a kind of module.
type heatMap struct {
	columns []string
	rows    []string
	values  [][]float64 // [row][column] in [0, 1]; NaN: there is none
}

const (
	cellWidth, cellHeight = 74, 22
	leftMargin, topMargin = 64, 92
)

// svg draws cells from white to blue, each with its number.
func (h heatMap) svg() template.HTML {
	var b strings.Builder
	width, height := leftMargin+cellWidth*len(h.columns)+8, topMargin+cellHeight*len(h.rows)+8
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" font-family="sans-serif" font-size="11">`, width, height, width)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`, width, height)
	for j, name := range h.columns {
		x, y := leftMargin+cellWidth*j+cellWidth/2, topMargin-8
		fmt.Fprintf(&b, `<text x="%d" y="%d" transform="rotate(-35 %d %d)" fill="#222">%s</text>`, x, y, x, y, template.HTMLEscapeString(name))
	}
	for i, name := range h.rows {
		y := topMargin + cellHeight*i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#222">%s</text>`, leftMargin-8, y+15, template.HTMLEscapeString(name))
		for j, v := range h.values[i] {
			if !math.IsNaN(v) {
				h.cell(&b, leftMargin+cellWidth*j, y, v)
			}
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // names are escaped, the rest is numbers
}

func (h heatMap) cell(b *strings.Builder, x, y int, v float64) {
	shade := func(full float64) int { return int(math.Round(255 - v*(255-full))) }
	ink := "#222"
	if v > 0.6 {
		ink = "white"
	}
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="rgb(%d,%d,%d)" stroke="#ddd"/>`,
		x, y, cellWidth, cellHeight, shade(31), shade(88), shade(160))
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" fill="%s">%.1f %%</text>`, x+cellWidth/2, y+15, ink, 100*v)
}

// newHeatMap sorts layers, and columns in the order in which they are first named.
func newHeatMap() *heatMap { return &heatMap{} }

func (h *heatMap) set(row, column string, v float64) {
	j := slices.Index(h.columns, column)
	if j < 0 {
		j = len(h.columns)
		h.columns = append(h.columns, column)
		for i := range h.values {
			h.values[i] = append(h.values[i], math.NaN())
		}
	}
	i := slices.Index(h.rows, row)
	if i < 0 {
		i = len(h.rows)
		h.rows = append(h.rows, row)
		cells := make([]float64, len(h.columns))
		for k := range cells {
			cells[k] = math.NaN()
		}
		h.values = append(h.values, cells)
	}
	h.values[i][j] = v
}
