package report

import (
	"bytes"
	_ "embed"
	"html/template"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// document is what a page shows.
type document struct {
	Title     string
	Lead      string
	Sentences []string
	Figures   []figure
	Tables    []table
	Notes     []string // conditions of the numbers
	Config    string   // the run's config.yaml
	Machine   string
}

// figure is a picture, also written to Name.svg.
type figure struct {
	Name    string
	Caption string
	SVG     template.HTML
}

func (d document) html() ([]byte, error) {
	var out bytes.Buffer
	err := page.Execute(&out, d)
	return out.Bytes(), err
}

// add draws a chart unless it has no line.
func (d *document) add(name, caption string, c chart) error {
	if len(c.lines) == 0 {
		return nil
	}
	svg, err := c.svg()
	if err != nil {
		return err
	}
	d.Figures = append(d.Figures, figure{name, caption, template.HTML(svg)}) //nolint:gosec // drawn here
	return nil
}
