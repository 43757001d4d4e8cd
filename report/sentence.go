package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/negativa-lab/negativa/eval"
)

// Sentences say what the numbers say: one sentence for each objective, then what the
// runs say of the paper's finding (2506.01347), then how far any of it reaches.
func (s Summary) Sentences() []string {
	var out []string
	for _, name := range s.names() {
		out = append(out, s.sentence(s.seeds(name)))
	}
	if finding := s.finding(); finding != "" {
		out = append(out, finding)
	}
	return append(out, s.reach())
}

// sentence tells of one objective, over all its seeds.
func (s Summary) sentence(runs []Result) string {
	first := runs[0]
	k := last(s.Base.PassAtK).K
	parts := []string{
		fmt.Sprintf("%s, after %s rollouts%s: %s", label(first.Name), thousands(first.Rollouts), steps(runs), s.change(runs, 1)),
		s.change(runs, k),
	}
	parts = append(parts, fmt.Sprintf("entropy went from %.3f to %.3f nats a token, distinct correct answers from %.2f to %.2f a problem",
		s.Base.Entropy, mean(runs, func(r Result) float64 { return r.Entropy }),
		s.Base.DistinctCorrect, mean(runs, func(r Result) float64 { return r.DistinctCorrect })))
	return strings.Join(parts, "; ") + "."
}

// steps says how many optimizer steps were made, and how many had nothing to learn from.
func steps(runs []Result) string {
	made := mean(runs, func(r Result) float64 { return float64(r.OptimizerSteps) })
	skipped := mean(runs, func(r Result) float64 { return float64(r.SkippedSteps) })
	text := fmt.Sprintf(" and %s optimizer steps", thousands(int(math.Round(made))))
	if skipped > 0 {
		text += fmt.Sprintf(" (%.3g more had nothing to learn from)", skipped)
	}
	if len(runs) > 1 {
		text += fmt.Sprintf(", mean of %d seeds", len(runs))
	}
	return text
}

// change says what became of Pass@k.
func (s Summary) change(runs []Result, k int) string {
	before, _ := s.Base.PassAtK.At(k)
	after := mean(runs, func(r Result) float64 { p, _ := r.PassAtK.At(k); return p })
	if len(runs) == 1 {
		d, _ := runs[0].VersusBase.At(k)
		between := "from %s to %s"
		if moved(d) == stayed {
			between = "between %s and %s"
		}
		return fmt.Sprintf("Pass@%d %s "+between+" (%s)", k, moved(d), percent(before), percent(after), difference(d))
	}
	counts := map[string]int{}
	for _, r := range runs {
		d, _ := r.VersusBase.At(k)
		counts[moved(d)]++
	}
	var verdicts []string
	for _, verdict := range []string{rose, fell, stayed} {
		if counts[verdict] > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%s in %d of %d seeds", verdict, counts[verdict], len(runs)))
		}
	}
	return fmt.Sprintf("Pass@%d went from %s to %s (%s)", k, percent(before), percent(after), strings.Join(verdicts, ", "))
}

const (
	rose   = "rose"
	fell   = "fell"
	stayed = "did not change measurably"
)

func moved(d eval.Difference) string {
	switch d.Verdict {
	case eval.AHigher:
		return rose
	case eval.BHigher:
		return fell
	}
	return stayed
}

// finding holds NSR against PSR, where the paper finds that suppression keeps Pass@256
// and reinforcement loses it.
func (s Summary) finding() string {
	k := last(s.Base.PassAtK).K
	var rollouts, equal []eval.Difference
	for _, r := range s.seeds("nsr") {
		if d, ok := r.VersusPSR.At(k); ok {
			rollouts = append(rollouts, d)
		}
		if r.EqualPassAt1 != nil {
			if d, ok := r.EqualPassAt1.VersusPSR.At(k); ok {
				equal = append(equal, d)
			}
		}
	}
	if len(rollouts) == 0 {
		return ""
	}
	text := fmt.Sprintf("The paper's finding, that NSR keeps Pass@%d where PSR loses it: at equal rollouts %s", k, against(rollouts))
	if len(equal) > 0 {
		text += fmt.Sprintf("; at equal Pass@1 %s", against(equal))
	}
	return text + "."
}

// against words NSR − PSR.
func against(differences []eval.Difference) string {
	counts := map[eval.Verdict]int{}
	sum := 0.0
	for _, d := range differences {
		counts[d.Verdict]++
		sum += d.AMinusB
	}
	if len(differences) == 1 {
		return fmt.Sprintf("NSR − PSR is %s: %s", difference(differences[0]), paperVerdict(differences[0].Verdict))
	}
	n := len(differences)
	return fmt.Sprintf("NSR − PSR is %s on average of %d seeds: higher in %d, lower in %d, not told apart in %d",
		points(sum/float64(n)), n, counts[eval.AHigher], counts[eval.BHigher], counts[eval.CannotTellApart])
}

func paperVerdict(v eval.Verdict) string {
	switch v {
	case eval.AHigher:
		return "these numbers agree"
	case eval.BHigher:
		return "these numbers contradict it"
	}
	return "these numbers cannot tell the two apart"
}

// reach says what the numbers do not cover.
func (s Summary) reach() string {
	seeds := len(s.Objectives) / len(s.names())
	text := fmt.Sprintf("Intervals are 95%% bootstraps over %d held-out problems with %d samples each; they do not cover another training seed (here %d)",
		s.Problems, s.N, seeds)
	if s.Quick {
		text += ", and a quick run is too short to settle anything"
	}
	return text + "."
}

func mean(runs []Result, of func(Result) float64) float64 {
	sum := 0.0
	for _, r := range runs {
		sum += of(r)
	}
	return sum / float64(len(runs))
}

// difference words A − B with its interval, in percentage points, and the test's p-value.
func difference(d eval.Difference) string {
	p := fmt.Sprintf("p = %.2g", d.PValue)
	if d.PValue < 0.001 {
		p = "p < 0.001"
	}
	return fmt.Sprintf("%s [%s, %s], %s", points(d.AMinusB), points(d.Interval[0]), points(d.Interval[1]), p)
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// points is a signed difference of shares in percentage points.
func points(share float64) string {
	text := strings.Replace(fmt.Sprintf("%+.1f", 100*share), "-", "−", 1)
	if text == "−0.0" {
		return "+0.0"
	}
	return text
}

var labels = map[string]string{
	"base": "base", "psr": "PSR", "nsr": "NSR", "w-reinforce": "W-REINFORCE", "reinforce": "REINFORCE",
	"rloo": "RLOO", "grpo": "GRPO", "dr-grpo": "Dr. GRPO", "ppo": "PPO", "hicra": "HICRA",
}

// label is an objective's name as papers write it.
func label(name string) string {
	if l, ok := labels[name]; ok {
		return l
	}
	return name
}

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
