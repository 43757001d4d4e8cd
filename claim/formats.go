package claim

import (
	"context"

	"github.com/negativa-lab/negativa/task"
)

// The bases of claims about formats and about strategy and execution.
var (
	threeFormats = prior{"chain:terms=3,max=9,plain=2,words=1,code=1", "max_steps: 250"}
	taggedBase   = prior{"methods:max=99,unsuited=30", "max_steps: 600"}
)

// winner is the commonest format of the last steps.
func (t *training) winner() string {
	best := ""
	for _, format := range task.Formats() {
		if best == "" || t.late("format/"+format+"/share") > t.late("format/"+best+"/share") {
			best = format
		}
	}
	return best
}

// minority is the share of all but the commonest format around a step, in percent.
func minority(t *training, step int) float64 {
	most := 0.0
	for _, format := range task.Formats() {
		most = max(most, t.around(step, "format/"+format+"/share"))
	}
	return 100 * (1 - most)
}

// spurious trains a base with random rewards.
func (l *Lab) spurious(ctx context.Context, from prior, with string, seed uint64) (*training, error) {
	return l.train(ctx, variation{objective: "grpo", from: from, with: "reward: random:0.5\nbeta: 0" + with}, seed)
}

// drift is how far a share has moved by the last steps, in percentage points.
func (t *training) drift(metric string) float64 { return 100 * (t.late(metric) - t.metrics[0][metric]) }

// halfway is the first step around which a metric has made half of its way from the first
// step to the last.
func (t *training) halfway(metric string) int {
	first, last := t.metrics[0][metric], t.late(metric)
	for step := range t.metrics {
		if moved := (t.around(step+1, metric) - first) / (last - first); moved >= 0.5 {
			return step + 1
		}
	}
	return len(t.metrics)
}
