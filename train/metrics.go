package train

import (
	"math"
	"time"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/objective"
	"github.com/negativa-lab/negativa/verify"
)

// rolloutMetrics describes a step's samples, under TRL's names. The entropy is the mean
// of −log-probability over the sampled tokens: an unbiased estimate of the mean token
// entropy, in nats, where nothing is truncated.
func rolloutMetrics(groups []negativa.Group) map[string]float64 {
	var rewards, lengths []float64
	var surprise float64
	flat, solved, unsolved, truncated := 0, 0, 0, 0
	for _, g := range groups {
		right, worth := 0.0, g.Rollouts[0].Reward
		same := true
		for _, r := range g.Rollouts {
			rewards, lengths = append(rewards, r.Reward), append(lengths, float64(len(r.Tokens)))
			right += float64(count(r.Verdict.Outcome == negativa.Correct))
			same = same && r.Reward == worth
			if r.Stop == negativa.StopLength {
				truncated++
			}
			for _, lp := range r.Logprobs {
				surprise -= float64(lp)
			}
		}
		all := float64(len(g.Rollouts))
		flat += count(same)
		solved += count(right == all)
		unsolved += count(right == 0)
	}
	p, n, tokens := float64(len(groups)), float64(len(rewards)), sum(lengths)
	mean, deviation := moments(rewards)
	m := map[string]float64{
		"reward": mean, "reward_std": deviation, "frac_reward_zero_std": float64(flat) / p,
		"fully_solved_ratio": float64(solved) / p, "fully_unsolved_ratio": float64(unsolved) / p,
		"entropy": surprise / tokens, "num_tokens": tokens,
		"completions/mean_length": tokens / n, "completions/min_length": least(lengths), "completions/max_length": greatest(lengths),
		"completions/clipped_ratio": float64(truncated) / n,
	}
	counts := verify.Tally(groups)
	m["correct_ratio"] = float64(counts[negativa.Correct]) / n
	m["verdicts/wrong"] = float64(counts[negativa.Wrong])
	m["verdicts/unparsed_prediction"] = float64(counts[negativa.UnparsedPrediction])
	m["verdicts/over_budget"] = float64(counts[negativa.OverBudget])
	return m
}

// updateMetrics gathers what the optimizer steps of one rollout step did. Clip fractions
// are of all tokens of the mini-batches: rows without a gradient count, unclipped.
type updateMetrics struct {
	loss, norm, right, wrong, cosine           []float64
	rightMove, wrongMove                       []float64
	low, high, ppoKL, ratio, evaluated, tokens float64
	ratioMin, ratioMax                         float64
	mismatch                                   float64
}

func (u *updateMetrics) add(o objective.Objective, mini []*row, batch []negativa.Datum, result engine.Result, update engine.Update) {
	if len(u.norm) == 0 {
		u.ratioMin, u.ratioMax = math.Inf(1), math.Inf(-1)
		u.mismatch = mismatch(batch, result.Evaluations)
	}
	rows := make([]*negativa.Row, len(batch))
	for i := range batch {
		rows[i] = &batch[i].Row
	}
	m := o.Measure(rows, result.Evaluations)
	n := float64(m.Tokens)
	u.low, u.high = u.low+m.ClipLow*n, u.high+m.ClipHigh*n
	u.ppoKL, u.ratio, u.evaluated = u.ppoKL+m.PPOKL*n, u.ratio+m.RatioMean*n, u.evaluated+n
	u.ratioMin, u.ratioMax = min(u.ratioMin, m.RatioMin), max(u.ratioMax, m.RatioMax)
	for _, r := range mini {
		u.tokens += float64(len(r.Completion))
	}
	u.loss, u.norm = append(u.loss, result.Loss), append(u.norm, update.GradNorm)
	u.right, u.wrong = append(u.right, result.RightNorm), append(u.wrong, result.WrongNorm)
	for _, c := range []struct {
		into  *[]float64
		value float64
	}{{&u.cosine, result.Cosine}, {&u.rightMove, result.RightMove}, {&u.wrongMove, result.WrongMove}} {
		if !math.IsNaN(c.value) { // a half may be absent, or all clipped; nothing may have moved yet
			*c.into = append(*c.into, c.value)
		}
	}
}

// mismatch is the largest difference between a log-probability as it was sampled and as
// the first update computes it again: zero, bit for bit, on an engine that keeps its law.
func mismatch(batch []negativa.Datum, evaluations []negativa.Evaluation) float64 {
	worst := 0.0
	for i := range batch {
		for t, lp := range evaluations[i].Logprobs {
			worst = max(worst, math.Abs(lp-batch[i].Row.Behaviour[t]))
		}
	}
	return worst
}

// into writes the means; NaN where no step was taken. Those of cosines are over the steps
// that have one.
func (u *updateMetrics) into(m map[string]float64) {
	mean := func(x []float64) float64 { return sum(x) / float64(len(x)) }
	m["loss"], m["grad_norm"] = mean(u.loss), mean(u.norm)
	m["grad_norm/right"], m["grad_norm/wrong"], m["grad_cosine"] = mean(u.right), mean(u.wrong), mean(u.cosine)
	m["move_cosine/right"], m["move_cosine/wrong"] = mean(u.rightMove), mean(u.wrongMove)
	m["clip_ratio/low_mean"], m["clip_ratio/high_mean"] = u.low/u.tokens, u.high/u.tokens
	m["clip_ratio/region_mean"] = (u.low + u.high) / u.tokens
	m["ppo_kl"], m["ratio/mean"] = u.ppoKL/u.evaluated, u.ratio/u.evaluated
	m["ratio/min"], m["ratio/max"] = u.ratioMin, u.ratioMax
	m["sampling/sampling_logp_difference/max"] = u.mismatch
	if len(u.norm) == 0 {
		for _, key := range []string{"ratio/min", "ratio/max", "sampling/sampling_logp_difference/max"} {
			m[key] = math.NaN()
		}
	}
}

// stateInto adds the counts and the clock.
func (l *Loop) stateInto(m map[string]float64, kl float64, elapsed time.Duration) {
	m["kl"] = kl
	m["learning_rate"] = l.Config.LearningRate
	m["optimizer_steps"] = float64(l.state.OptimizerSteps)
	m["optimizer_steps_skipped"] = float64(l.state.SkippedSteps)
	m["rollouts"] = float64(l.state.Rollouts)
	m["step_time"] = elapsed.Seconds()
	m["tokens_per_second"] = m["num_tokens"] / elapsed.Seconds()
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// moments are the mean and the unbiased standard deviation.
func moments(x []float64) (mean, deviation float64) {
	mean = sum(x) / float64(len(x))
	for _, v := range x {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(max(1, len(x)-1)))
}

func least(x []float64) float64 {
	low := x[0]
	for _, v := range x {
		low = min(low, v)
	}
	return low
}

func greatest(x []float64) float64 {
	high := x[0]
	for _, v := range x {
		high = max(high, v)
	}
	return high
}
