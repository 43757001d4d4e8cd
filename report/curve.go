package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"regexp"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/negativa-lab/negativa/eval"
)

// ink is the colour of text and axes. On white and on near-black it has a contrast of
// 4.5 to 1, so that one picture serves light and dark pages.
var ink = color.NRGBA{0x76, 0x76, 0x76, 0xff}

// colours are Okabe and Ito's, which people with colour blindness tell apart.
var colours = map[string]color.NRGBA{
	"base":        ink,
	"psr":         {0xd5, 0x5e, 0x00, 0xff},
	"nsr":         {0x00, 0x72, 0xb2, 0xff},
	"w-reinforce": {0x00, 0x9e, 0x73, 0xff},
	"grpo":        {0xe6, 0x9f, 0x00, 0xff},
	"ppo":         {0xcc, 0x79, 0xa7, 0xff},
}

// chart is a picture of lines.
type chart struct {
	x, y   string // what the axes show
	powers bool   // x runs over powers of two
	lines  []line
}

// line is a named sequence of points, with a band around it where bounds are known.
type line struct {
	name      string
	colour    color.NRGBA
	dashed    bool
	points    plotter.XYs
	low, high []float64
	unnamed   bool // not in the legend: a further seed of a line that is
}

func colourOf(name string) color.NRGBA {
	if c, ok := colours[name]; ok {
		return c
	}
	return color.NRGBA{0x56, 0xb4, 0xe9, 0xff}
}

// passLine is a Pass@k curve in percent, with its interval.
func passLine(name string, curve eval.ByK[float64], intervals eval.ByK[eval.Interval]) line {
	l := line{name: label(name), colour: colourOf(name), dashed: name == "base"}
	for _, p := range curve {
		l.points = append(l.points, plotter.XY{X: float64(p.K), Y: 100 * p.Value})
		if i, ok := intervals.At(p.K); ok {
			l.low, l.high = append(l.low, 100*i[0]), append(l.high, 100*i[1])
		}
	}
	return l
}

// svg draws the chart, 560 × 340 points wide.
func (c chart) svg() (string, error) {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.X.Label.Text, p.Y.Label.Text = c.x, c.y
	c.style(p)
	for _, l := range c.lines {
		if err := l.draw(p); err != nil {
			return "", err
		}
	}
	if c.powers {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, powersOfTwo{}
	}
	var out bytes.Buffer
	canvas := vgsvg.New(560, 340)
	p.Draw(draw.New(canvas))
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	return tidy(out.String(), c.x, c.y), nil
}

func (c chart) style(p *plot.Plot) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = ink, ink
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = ink, ink
		axis.Label.TextStyle.Font, axis.Tick.Label.Font = sans, sans
		axis.Padding = 6
	}
	p.Legend.TextStyle.Color, p.Legend.TextStyle.Font = ink, sans
	p.Legend.Top, p.Legend.Left = false, false
	p.Legend.Padding = 3
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal.Color = color.NRGBA{0x76, 0x76, 0x76, 0x40}
	p.Add(grid)
}

func (l line) draw(p *plot.Plot) error {
	if len(l.low) == len(l.points) && len(l.points) > 1 {
		band, err := plotter.NewPolygon(l.outline())
		if err != nil {
			return err
		}
		shade := l.colour
		shade.A = 0x22
		band.Color, band.LineStyle.Width = shade, 0
		p.Add(band)
	}
	path, err := plotter.NewLine(l.points)
	if err != nil {
		return err
	}
	path.Color, path.Width = l.colour, 1.8
	if l.dashed {
		path.Dashes = []vg.Length{4, 3}
	}
	p.Add(path)
	if !l.unnamed {
		p.Legend.Add(l.name, path)
	}
	return nil
}

// outline goes along the upper bound and back along the lower.
func (l line) outline() plotter.XYs {
	var out plotter.XYs
	for i, at := range l.points {
		out = append(out, plotter.XY{X: at.X, Y: l.high[i]})
	}
	for i := len(l.points) - 1; i >= 0; i-- {
		out = append(out, plotter.XY{X: l.points[i].X, Y: l.low[i]})
	}
	return out
}

// powersOfTwo marks 1, 2, 4, …
type powersOfTwo struct{}

func (powersOfTwo) Ticks(low, high float64) (ticks []plot.Tick) {
	for k := 1.0; k <= high*1.01; k *= 2 {
		if k >= low*0.99 {
			ticks = append(ticks, plot.Tick{Value: k, Label: fmt.Sprint(k)})
		}
	}
	return ticks
}

var (
	family   = regexp.MustCompile(`font-family:[^;"]*`)
	opening  = regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	preamble = regexp.MustCompile(`(?s)^.*?<svg`)
)

// tidy lets the picture stand inside a page: no prologue, a size that follows the page,
// fonts that every machine has, and words for those who cannot see it.
func tidy(svg, x, y string) string {
	svg = preamble.ReplaceAllString(svg, "<svg")
	svg = opening.ReplaceAllString(svg, fmt.Sprintf(`<svg role="img" aria-label="%s against %s"`, y, x))
	return family.ReplaceAllString(svg, "font-family:system-ui,sans-serif")
}

// finitePoints leaves out what is not a number: a step that could not be measured.
func finitePoints(points plotter.XYs) (kept plotter.XYs) {
	for _, p := range points {
		if !math.IsNaN(p.Y) && !math.IsInf(p.Y, 0) {
			kept = append(kept, p)
		}
	}
	return kept
}
