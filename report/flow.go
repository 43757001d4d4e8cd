package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/negativa-lab/negativa/eval"
)

// flow draws how problems pass between those that are solved and those that are not, from one
// evaluation to another: a bar for each, solved above, and a band for each of the four ways.
type flow struct{ passages []passage }

// passage is one pair of evaluations.
type passage struct {
	from, to string
	solved   eval.Solved // A is to, B is from
}

const (
	flowWidth, flowHeight = 190, 220 // of a passage, bars and bands
	flowBar               = 14
	flowTop, flowBottom   = 26, 40
	flowGap               = 34
)

var (
	flowKept    = "#9ecae1"
	flowGained  = "#2ca02c"
	flowLost    = "#d62728"
	flowNeither = "#dddddd"
)

// svg draws the passages side by side, each of the same height.
func (f flow) svg() template.HTML {
	var b strings.Builder
	width, height := flowGap+(flowWidth+flowGap)*len(f.passages), flowTop+flowHeight+flowBottom
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" font-family="sans-serif" font-size="11">`, width, height, width)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`, width, height)
	for i, p := range f.passages {
		p.draw(&b, float64(flowGap+(flowWidth+flowGap)*i))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // names are escaped, the rest is numbers
}

// draw stacks the bands so that those solved on a side lie above the others there: on the left
// kept and lost are solved, on the right kept and gained.
func (p passage) draw(b *strings.Builder, x float64) {
	s := p.solved
	scale := flowHeight / float64(s.Both+s.OnlyA+s.OnlyB+s.Neither)
	left, right := x+flowBar, x+flowWidth-flowBar
	top := func(before int) float64 { return flowTop + scale*float64(before) }
	for _, band := range []struct {
		n, left, right int // problems, and those above it on either side
		colour, name   string
	}{
		{s.Neither, s.Both + s.OnlyB + s.OnlyA, s.Both + s.OnlyA + s.OnlyB, flowNeither, "neither"},
		{s.Both, 0, 0, flowKept, "kept"},
		{s.OnlyB, s.Both, s.Both + s.OnlyA, flowLost, "lost"},
		{s.OnlyA, s.Both + s.OnlyB, s.Both, flowGained, "gained"},
	} {
		if band.n == 0 {
			continue
		}
		l, r, h, bend := top(band.left), top(band.right), scale*float64(band.n), (left+right)/2
		fmt.Fprintf(b, `<path d="M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f V%.1f C%.1f %.1f %.1f %.1f %.1f %.1f Z" fill="%s" fill-opacity="0.75"><title>%s: %d</title></path>`,
			left, l, bend, l, bend, r, right, r, r+h, bend, r+h, bend, l+h, left, l+h, band.colour, band.name, band.n)
	}
	bar(b, x, s.Both+s.OnlyB, scale)
	bar(b, x+flowWidth-flowBar, s.Both+s.OnlyA, scale)
	fmt.Fprintf(b, `<text x="%.1f" y="%d" fill="#222">%s</text>`, x, flowTop-8, template.HTMLEscapeString(p.from))
	fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="end" fill="#222">%s</text>`, x+flowWidth, flowTop-8, template.HTMLEscapeString(p.to))
	fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle" fill="#222">kept %d, <tspan fill="%s">lost %d</tspan>, <tspan fill="%s">gained %d</tspan>, neither %d</text>`,
		x+flowWidth/2, flowTop+flowHeight+20, s.Both, flowLost, s.OnlyB, flowGained, s.OnlyA, s.Neither)
}

// bar is one evaluation: the solved problems dark, the others light.
func bar(b *strings.Builder, x float64, solved int, scale float64) {
	fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%d" height="%d" fill="#bbb"/>`, x, flowTop, flowBar, flowHeight)
	fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%d" height="%.1f" fill="#1f589f"/>`, x, flowTop, flowBar, scale*float64(solved))
}

// addFlow adds a flow that has a passage.
func (d *document) addFlow(name, caption string, f flow) {
	if len(f.passages) > 0 {
		d.Figures = append(d.Figures, figure{name, caption, f.svg()})
	}
}

// flow shows what each objective solves beside the base, of its first seed.
func (s Summary) flow() (f flow) {
	for _, name := range s.names() {
		if r := s.seeds(name)[0]; r.Solved != nil {
			f.passages = append(f.passages, passage{"base", label(name), *r.Solved})
		}
	}
	return f
}
