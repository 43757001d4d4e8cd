package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"

	"github.com/negativa-lab/negativa/eval"
)

// document is the page of a comparison of objectives.
func (s Summary) document() (document, error) {
	d := document{
		Title: "What each half of the signal does to Pass@k",
		Lead: fmt.Sprintf("One base model, trained with %d objectives on the same problems, evaluated on %d held-out problems with %d samples each.",
			len(s.names()), s.Problems, s.N),
		Sentences: s.Sentences(),
		Tables:    s.tables(),
		Notes:     s.notes(),
	}
	for _, f := range []struct {
		name, caption string
		chart         chart
	}{
		{"pass_at_k", "At equal rollouts. Bars are 95 % bootstrap intervals over problems.", s.passChart()},
		{"versus_base", "Difference to the base on the same problems, in percentage points. Bars are 95 % paired bootstrap intervals.", s.versusChart()},
		{"coverage", "Share of a problem's right answers that k samples give. Bars are 95 % bootstrap intervals over problems.", s.coverageChart()},
		{"equal_pass_at_1", "At equal Pass@1: each objective's checkpoint whose Pass@1 is nearest to the lowest final one.", s.equalChart()},
		{"pass_at_1", "Pass@1 along training, estimated with fewer samples between the two ends.", s.traceChart("Pass@1, %", func(p Point) float64 { return 100 * p.PassAt1 })},
		{"entropy", "Entropy along training: how undecided the policy is at a token.", s.traceChart("entropy, nats a token", func(p Point) float64 { return p.Entropy })},
	} {
		if err := d.add(f.name, f.caption, f.chart); err != nil {
			return d, fmt.Errorf("draw %s: %w", f.name, err)
		}
	}
	d.addFlow("solved", fmt.Sprintf("Problems solved with at least one of %d samples, by the base and after training.", s.N), s.flow())
	return d, nil
}

func (s Summary) notes() []string {
	c := s.Conditions
	notes := []string{fmt.Sprintf("task %s, %s split; verifier %s; base model %s", c.Task, c.Split, c.Verifier, c.Model)}
	if c.Sampling != nil {
		notes = append(notes, fmt.Sprintf("temperature %g, top-p %g, top-k %d, min-p %g, at most %d tokens, evaluation seed %d",
			c.Temperature, c.TopP, c.TopK, c.MinP, c.MaxTokens, c.Seed))
	}
	return append(notes,
		"Pass@k is the unbiased estimate 1 − C(n−c, k)/C(n, k), exact per problem, averaged over problems",
		"coverage is the mean of Pass@k over all right answers of a problem, each with the samples that gave it; the answers are enumerated, told apart in canonical form",
		"entropy is the mean of −log-probability over sampled tokens",
		"a difference is called one if a paired sign-flip test rejects at 5 % and the paired bootstrap interval leaves out zero; many k are looked at, each on its own")
}

func (s Summary) passChart() chart {
	c := chart{x: "k", y: "Pass@k, %", powers: true}
	c.lines = append(c.lines, passLine("base", s.Base.PassAtK, s.Base.Interval))
	for _, name := range s.names() {
		for i, r := range s.seeds(name) {
			c.lines = append(c.lines, s.oneOf(passLine(name, r.PassAtK, r.Interval), i))
		}
	}
	return c
}

func (s Summary) versusChart() chart {
	c := chart{x: "k", y: "Pass@k − base, points", powers: true}
	for _, name := range s.names() {
		for i, r := range s.seeds(name) {
			c.lines = append(c.lines, s.oneOf(differenceLine(name, r.VersusBase), i))
		}
	}
	return c
}

func differenceLine(name string, curve eval.ByK[eval.Difference]) line {
	l := line{name: label(name), colour: colourOf(name)}
	for _, p := range curve {
		l.points = append(l.points, plotter.XY{X: float64(p.K), Y: 100 * p.Value.AMinusB})
		l.low, l.high = append(l.low, 100*p.Value.Interval[0]), append(l.high, 100*p.Value.Interval[1])
	}
	return l
}

func (s Summary) equalChart() chart {
	c := chart{x: "k", y: "Pass@k, %", powers: true}
	for _, name := range s.names() {
		for i, r := range s.seeds(name) {
			if e := r.EqualPassAt1; e != nil {
				c.lines = append(c.lines, s.oneOf(passLine(name, e.PassAtK, e.Interval), i))
			}
		}
	}
	if len(c.lines) > 0 {
		c.lines = append([]line{passLine("base", s.Base.PassAtK, s.Base.Interval)}, c.lines...)
	}
	return c
}

// oneOf is seed i of an objective: the first names the line, and bounds are drawn only
// where there is one seed.
func (s Summary) oneOf(l line, i int) line {
	l.unnamed = i > 0
	if len(s.Objectives) > len(s.names()) {
		l.low, l.high = nil, nil
	}
	return l
}

func (s Summary) traceChart(what string, of func(Point) float64) chart {
	c := chart{x: "rollouts", y: what}
	for _, name := range s.names() {
		for i, r := range s.seeds(name) {
			if len(r.Trace) < 2 {
				continue
			}
			l := line{name: label(name), colour: colourOf(name), unnamed: i > 0}
			for _, p := range r.Trace {
				l.points = append(l.points, plotter.XY{X: float64(p.Rollouts), Y: of(p)})
			}
			c.lines = append(c.lines, l)
		}
	}
	return c
}
