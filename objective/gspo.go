package objective

import (
	"math"

	"github.com/negativa-lab/negativa"
)

// gspo takes one ratio of a completion, the geometric mean of its tokens', and clips it in a
// narrow band:
//
//	L = −(1/B) Σ_i min(s_i A_i, clip(s_i) A_i),  s_i = (π(y_i|x) / π_old(y_i|x))^(1/T_i)
//
// (Zheng et al., 2507.18071, eq. 5 to 7, with its 3e-4 and 4e-4.)
func gspo() Objective {
	p := standard()
	p.Level, p.Normaliser = SequenceMeanLevel, SeqMeanTokenMean
	p.Epsilon, p.EpsilonHigh = 3e-4, 4e-4
	return Objective{
		Name:       "gspo",
		Formula:    "L = −(1/B) Σ min(sA, clip(s)A), s = (π(y|x)/π_old(y|x))^(1/T); A = (r − mean)/(std + 1e-4) in the group",
		Source:     "group sequence policy optimisation, arXiv 2507.18071 eq. 5 to 7",
		Grouped:    true,
		Params:     p,
		advantages: groupRelative,
	}
}

// meanSurrogate is Σ_t ℓ(s) with one ratio s for all tokens. Each of the T terms depends on
// every log-probability by 1/T.
func (p Params) meanSurrogate(row *negativa.Row, lp, grad []float64) float64 {
	s, sum, slopes := meanRatio(row, lp), 0.0, 0.0
	for _, a := range row.Advantages {
		loss, slope := p.clipped(s, a)
		sum += loss
		slopes += slope
	}
	for t := range grad {
		grad[t] += slopes / float64(len(grad))
	}
	return sum
}

// meanRatio is the geometric mean of the tokens' ratios.
func meanRatio(row *negativa.Row, lp []float64) float64 {
	difference := 0.0
	for t, x := range lp {
		difference += x - row.Behaviour[t]
	}
	return math.Exp(difference / float64(max(1, len(lp))))
}
