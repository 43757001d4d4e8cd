package objective

import (
	"math"

	"github.com/negativa-lab/negativa"
)

// clippedSurrogate is Σ_t ℓ_t of a row, with its derivative added to grad:
//
//	ℓ = −min( min(r, δ)·A, clip(r, 1 − ε, 1 + ε_high)·A ),  r = exp(lp − old)
//
// (Schulman et al., 1707.06347, eq. 7; δ, where given, bounds the loss of negative
// advantages: Ye et al., 1912.09729, eq. 3.) At sequence level there is one term, with
// r = exp(Σ lp − Σ old).
func (p Params) clippedSurrogate(row *negativa.Row, lp, grad []float64) float64 {
	switch p.Level {
	case SequenceLevel:
		return p.sequenceSurrogate(row, lp, grad)
	case SequenceMeanLevel:
		return p.meanSurrogate(row, lp, grad)
	}
	sum := 0.0
	for t, a := range row.Advantages {
		loss, slope := p.clipped(math.Exp(lp[t]-row.Behaviour[t]), a)
		sum += loss
		grad[t] += slope
	}
	return sum
}

func (p Params) sequenceSurrogate(row *negativa.Row, lp, grad []float64) float64 {
	if len(lp) == 0 {
		return 0
	}
	loss, slope := p.clipped(sequenceRatio(row, lp), row.Advantages[0])
	for t := range grad {
		grad[t] += slope
	}
	return loss
}

// sequenceRatio is π/π_old of the whole completion.
func sequenceRatio(row *negativa.Row, lp []float64) float64 {
	difference := 0.0
	for t, x := range lp {
		difference += x - row.Behaviour[t]
	}
	return math.Exp(difference)
}

// clipped is ℓ at a ratio and its derivative with respect to the log-probability:
// −r·A where the unclipped branch is the smaller one, else zero.
func (p Params) clipped(r, a float64) (loss, slope float64) {
	free := r * a
	if p.Delta > 0 && a < 0 && r > p.Delta {
		return -p.Delta * a, 0
	}
	held := min(max(r, 1-p.Epsilon), 1+p.EpsilonHigh) * a
	if free <= held {
		return -free, -free
	}
	return -held, 0
}

// clippedAt tells on which side, if any, the clip holds a token: −1 low, +1 high.
func (p Params) clippedAt(r, a float64) int {
	switch {
	case a < 0 && r < 1-p.Epsilon:
		return -1
	case a > 0 && r > 1+p.EpsilonHigh:
		return +1
	}
	return 0
}
