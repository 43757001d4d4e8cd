package train

import (
	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/task"
)

// formatsInto tells of the samples of problems that can be answered in several formats how
// they are written: format/NAME/share is the share in a format, format/none/share that in
// none, and format/NAME/accuracy the share of right ones among those in a format, absent
// where there are none. How a sample is written does not depend on its verdict (Zhao et al.,
// 2504.07912). Where no problem is such, there is nothing to tell.
func formatsInto(m map[string]float64, problems Problems, groups []negativa.Group) {
	written, right, all := map[string]float64{}, map[string]float64{}, 0.0
	for _, g := range groups {
		family, ok := task.As[task.Formatted](problems, g.Problem)
		if !ok {
			continue
		}
		for _, r := range g.Rollouts {
			format := family.Format(r.Text)
			written[format]++
			right[format] += float64(count(r.Verdict.Outcome == negativa.Correct))
			all++
		}
	}
	if all == 0 {
		return
	}
	m["format/none/share"] = written[""] / all
	for _, format := range task.Formats() {
		m["format/"+format+"/share"] = written[format] / all
		if written[format] > 0 {
			m["format/"+format+"/accuracy"] = right[format] / written[format]
		}
	}
}
