package objective

import (
	"math"

	"github.com/negativa-lab/negativa"
)

// Metrics describe how far a mini-batch is from the policy that drew it. Fractions are
// of tokens, and NaN where there are none.
type Metrics struct {
	ClipLow    float64 // A < 0 and the ratio below 1 − ε: suppression that the clip stops
	ClipHigh   float64 // A > 0 and the ratio above 1 + ε_high: reinforcement that it stops
	ClipRegion float64 // both
	PPOKL      float64 // mean of old − new log-probability
	RatioMin   float64
	RatioMean  float64
	RatioMax   float64
	Tokens     int
}

// Measure compares rows with their evaluations, token by token. At the sequence levels every
// token has the ratio of its row.
func (o Objective) Measure(rows []*negativa.Row, evaluations []negativa.Evaluation) Metrics {
	m := Metrics{RatioMin: math.NaN(), RatioMax: math.NaN()}
	clippedAt := o.held
	if clippedAt == nil {
		clippedAt = Params.clippedAt
	}
	var low, high int
	var kl, ratios float64
	for i, row := range rows {
		whole := sequenceRatio(row, evaluations[i].Logprobs)
		if o.Params.Level == SequenceMeanLevel {
			whole = meanRatio(row, evaluations[i].Logprobs)
		}
		for t, lp := range evaluations[i].Logprobs {
			r := math.Exp(lp - row.Behaviour[t])
			if o.Params.Level != TokenLevel {
				r = whole
			}
			if m.Tokens == 0 {
				m.RatioMin, m.RatioMax = r, r
			}
			m.RatioMin, m.RatioMax = min(m.RatioMin, r), max(m.RatioMax, r)
			m.Tokens++
			kl += row.Behaviour[t] - lp
			ratios += r
			switch clippedAt(o.Params, r, row.Advantages[t]) {
			case -1:
				low++
			case +1:
				high++
			}
		}
	}
	n := float64(m.Tokens)
	m.ClipLow, m.ClipHigh, m.ClipRegion = float64(low)/n, float64(high)/n, float64(low+high)/n
	m.PPOKL, m.RatioMean = kl/n, ratios/n
	return m
}
