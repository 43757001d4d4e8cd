package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image/color"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"

	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/rundir"
)

// panels are the pictures of a training run; one without data is left out.
var panels = []struct {
	name, caption, axis string
	series              []series
}{
	{"reward", "Share of right samples; of problems with all, and with no sample right.", "share", []series{
		{"reward", "right", "nsr"}, {"fully_solved_ratio", "fully solved", "w-reinforce"}, {"fully_unsolved_ratio", "fully unsolved", "psr"},
	}},
	{"loss", "Loss.", "loss", []series{{"loss", "loss", "nsr"}}},
	{"entropy", "Entropy, and the divergence from the starting model.", "nats a token", []series{{"entropy", "entropy", "nsr"}, {"kl", "KL", "psr"}}},
	{"gradient", "Gradient norms: whole, and of the right and the wrong half.", "norm", []series{
		{"grad_norm", "whole", "base"}, {"grad_norm/right", "right", "w-reinforce"}, {"grad_norm/wrong", "wrong", "psr"},
	}},
	{"cosines", "Cosines: of both halves of the gradient with each other; of the descent direction of each with the parameters' move since the start.", "cosine", []series{
		{"grad_cosine", "both halves", "base"}, {"move_cosine/right", "right, move", "w-reinforce"}, {"move_cosine/wrong", "wrong, move", "psr"},
	}},
	{"probabilities", "What one step does to the log-probability of its right and wrong samples, and of right answers that were not sampled.", "Δ ln P of a sequence", []series{
		{"probe/old_right/dlogp", "right", "w-reinforce"}, {"probe/old_wrong/dlogp", "wrong", "psr"}, {"probe/unsampled_right/dlogp", "unsampled", "nsr"},
	}},
	{"suppression", "Of the probability that tokens of wrong samples lose in one step, the share that the likeliest other token gains; what it would gain in proportion to its prior, and if a softmax were descended at each token alone.", "share", []series{
		{"probe/suppressed/to_argmax", "measured", "nsr"}, {"probe/suppressed/to_argmax_proportional", "in proportion", "base"}, {"probe/suppressed/to_argmax_squeezed", "squeezed", "grpo"},
	}},
	{"clipping", "Tokens whose ratio is clipped, by the sign of their advantage.", "share", []series{
		{"clip_ratio/high_mean", "right", "w-reinforce"}, {"clip_ratio/low_mean", "wrong", "psr"},
	}},
	{"formats", "Share of samples in each format.", "share", []series{
		{"format/plain/share", "plain", "nsr"}, {"format/words/share", "words", "psr"}, {"format/code/share", "code", "w-reinforce"}, {"format/none/share", "none", "base"},
	}},
	{"format_accuracy", "Share of right samples among those of a format.", "share", []series{
		{"format/plain/accuracy", "plain", "nsr"}, {"format/words/accuracy", "words", "psr"}, {"format/code/accuracy", "code", "w-reinforce"},
	}},
	{"execution", "Entropy of tokens of execution: the first phase, if there are two.", "nats a token", []series{{"entropy/execution", "execution", "nsr"}}},
	{"strategy", "Entropy of tokens of strategy; of the choice of strategy, over all samples and within problems.", "nats", []series{
		{"entropy/strategy", "a token", "nsr"}, {"strategy_entropy", "all samples", "psr"}, {"strategy_entropy/within", "within problems", "w-reinforce"},
	}},
	{"perplexity", "Perplexity of tokens of right samples: of execution, of strategy.", "perplexity", []series{
		{"perplexity/execution", "execution", "nsr"}, {"perplexity/strategy", "strategy", "psr"},
	}},
	{"mistakes", "Share of samples that are wrong by a mistake of execution, of strategy.", "share", []series{
		{"errors/execution", "execution", "nsr"}, {"errors/strategy", "strategy", "psr"},
	}},
	{"length", "Tokens a completion.", "tokens", []series{{"completions/mean_length", "mean", "nsr"}, {"completions/max_length", "longest", "base"}}},
}

// series is a metric with its name in the legend and the objective whose colour it has.
type series struct{ metric, name, colour string }

// training is the page of a single run.
func training(run *rundir.Dir) (document, error) {
	metrics, err := run.Metrics()
	if err != nil {
		return document{}, err
	}
	d := document{Title: "Training run " + filepath.Base(run.Path()), Lead: fmt.Sprintf("%d steps", len(metrics))}
	for _, p := range panels {
		c := chart{x: "step", y: p.axis}
		for _, s := range p.series {
			if l, ok := s.line(metrics); ok {
				c.lines = append(c.lines, l)
			}
		}
		if err := d.add(p.name, p.caption, c); err != nil {
			return d, fmt.Errorf("draw %s: %w", p.name, err)
		}
	}
	if len(metrics) > 0 {
		d.Tables = append(d.Tables, ends(metrics))
	}
	return d, errors.Join(d.addEvaluations(run.Path("eval")), d.addChanges(run.Path("diff")))
}

func (s series) line(metrics []map[string]float64) (line, bool) {
	l := line{name: s.name, colour: colours[s.colour]}
	for _, m := range metrics {
		if v, ok := m[s.metric]; ok {
			l.points = append(l.points, plotter.XY{X: m["step"], Y: v})
		}
	}
	l.points = finitePoints(l.points)
	return l, len(l.points) > 1
}

// ends sets the first step beside the last.
func ends(metrics []map[string]float64) table {
	first, end := metrics[0], metrics[len(metrics)-1]
	t := table{Caption: "First and last step", Head: []string{"", fmt.Sprintf("step %g", first["step"]), fmt.Sprintf("step %g", end["step"])}}
	for _, key := range slices.Sorted(maps.Keys(end)) {
		if key != "step" {
			t.Rows = append(t.Rows, []string{key, cell(first, key), cell(end, key)})
		}
	}
	return t
}

// cell is a metric of a step; empty where the step does not have it.
func cell(m map[string]float64, key string) string {
	if v, ok := m[key]; ok {
		return fmt.Sprintf("%.4g", v)
	}
	return ""
}

// addChanges adds the heat maps that negativa diff --out left in the folder.
func (d *document) addChanges(folder string) error {
	maps, err := filepath.Glob(filepath.Join(folder, heatMapName+"*.svg"))
	if err != nil {
		return err
	}
	for _, path := range maps {
		svg, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".svg")
		d.Figures = append(d.Figures, figure{name, heatMapCaption("training"), template.HTML(svg)}) //nolint:gosec // drawn by negativa
	}
	return nil
}

// addEvaluations adds the Pass@k curves of the folder's evaluations.
func (d *document) addEvaluations(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c := chart{x: "k", y: "Pass@k, %", powers: true}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".json")
		if !ok {
			continue
		}
		e, err := readEvaluation(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		l := passLine(name, e.PassAtK, e.Interval)
		l.colour = palette[len(c.lines)%len(palette)]
		c.lines = append(c.lines, l)
		d.Tables = append(d.Tables, evaluationTables(name, e)...)
	}
	return d.add("pass_at_k", "Pass@k with 95 % bootstrap intervals over problems.", c)
}

var palette = []color.NRGBA{colours["nsr"], colours["psr"], colours["w-reinforce"], colours["grpo"], colours["ppo"], ink}

func readEvaluation(path string) (e eval.Evaluation, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, fmt.Errorf("read evaluation %s: %w", path, err)
	}
	return e, nil
}
