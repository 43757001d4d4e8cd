package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"regexp"
	"strconv"

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

// line is a named sequence of points, with bounds where they are known.
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

const (
	width, height = 560, 330 // points
	legendWidth   = 124
)

// svg draws the chart, with the legend to its right.
func (c chart) svg() (string, error) {
	p, legend := plot.New(), plot.NewLegend()
	p.BackgroundColor = color.Transparent
	c.style(p, &legend)
	for i, l := range c.lines {
		if err := l.draw(p, &legend, c.aside(i)); err != nil {
			return "", err
		}
	}
	if c.powers {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, powersOfTwo{}
	}
	canvas := vgsvg.New(width, height)
	all := draw.New(canvas)
	p.Draw(draw.Crop(all, 4, -legendWidth, 4, -8))
	legend.Draw(draw.Crop(all, width-legendWidth+12, 0, 4, -8))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	return tidy(out.String(), c.x, c.y), nil
}

// aside is the factor that moves the bounds of line i a little along x, so that those of
// several lines at one k stand beside each other.
func (c chart) aside(i int) float64 {
	if !c.powers {
		return 1
	}
	return math.Exp2(0.09 * (float64(i) - float64(len(c.lines)-1)/2))
}

func (c chart) style(p *plot.Plot, legend *plot.Legend) {
	sans := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 11}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color = ink, ink
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = ink, ink
		axis.Label.TextStyle.Font, axis.Tick.Label.Font = sans, sans
		axis.Tick.Marker = roundTicks{}
		axis.Padding = 6
	}
	p.X.Label.Text, p.Y.Label.Text = c.x, c.y
	legend.TextStyle.Color, legend.TextStyle.Font = ink, sans
	legend.Top, legend.Left, legend.YPosition = true, true, draw.PosCenter
	legend.Padding = 4
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal.Color = color.NRGBA{0x76, 0x76, 0x76, 0x40}
	p.Add(grid)
}

func (l line) draw(p *plot.Plot, legend *plot.Legend, aside float64) error {
	path, err := plotter.NewLine(l.points)
	if err != nil {
		return err
	}
	path.Color, path.Width = l.colour, 1.6
	if l.dashed {
		path.Dashes = []vg.Length{4, 3}
	}
	p.Add(path)
	if !l.unnamed {
		legend.Add(l.name, path)
	}
	if len(l.low) != len(l.points) {
		return nil
	}
	moved := make(plotter.XYs, len(l.points))
	for i, at := range l.points {
		moved[i] = plotter.XY{X: at.X * aside, Y: at.Y}
	}
	bars, err := plotter.NewYErrorBars(bounded{moved, l})
	if err != nil {
		return err
	}
	bars.Color, bars.Width, bars.CapWidth = l.colour, 0.8, 0
	p.Add(bars)
	return nil
}

// bounded is points with how far their bounds lie below and above.
type bounded struct {
	plotter.XYs
	line
}

// YError implements plotter.YErrorer.
func (b bounded) YError(i int) (below, above float64) {
	return b.XYs[i].Y - b.low[i], b.high[i] - b.XYs[i].Y
}

// roundTicks marks some five multiples of 1, 2 or 5 times a power of ten.
type roundTicks struct{}

// Ticks implements plot.Ticker.
func (roundTicks) Ticks(low, high float64) (ticks []plot.Tick) {
	unit := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	step := unit
	for _, factor := range []float64{2, 5, 10} {
		if (high-low)/step > 6 {
			step = factor * unit
		}
	}
	for i := int(math.Ceil(low / step)); float64(i)*step <= high; i++ {
		at := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: at, Label: strconv.FormatFloat(at, 'g', 6, 64)})
	}
	return ticks
}

// powersOfTwo marks 1, 2, 4, …
type powersOfTwo struct{}

// Ticks implements plot.Ticker.
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
