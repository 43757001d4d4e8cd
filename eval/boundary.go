package eval

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Crossing is where the side with the higher Pass@1 stops having the higher Pass@k: the
// smallest k at which the difference is 0, between powers of two on the line through them
// in log₂ k. (2504.13837, figure 2: the base catches up with the tuned model at some tens
// of samples, and passes it.) A nil k lies beyond Largest.
type Crossing struct {
	Leader  string   `json:"leader"`    // "A" or "B": the side with the higher Pass@1
	K       *float64 `json:"k"`         // ≥ 1
	Low     *float64 `json:"low"`       // of the percentile bootstrap over paired problems, where curves
	High    *float64 `json:"high"`      // that do not cross count as crossing beyond Largest
	Crossed float64  `json:"crossed"`   // share of the resamples whose curves cross at a k ≤ Largest
	Largest int      `json:"largest_k"` // the largest k compared
}

// SamplingGap is how far one sample of each side is from many of the other. With a tuned
// model as the one and its base as the other this is Δ_SE (2504.13837, §4.3).
type SamplingGap struct {
	K int `json:"k"` // the largest k compared
	A Gap `json:"a"` // Pass@k of B − Pass@1 of A
	B Gap `json:"b"` // Pass@k of A − Pass@1 of B
}

// Gap is a difference in [−1, 1] with its interval: percentile bootstrap over problems.
type Gap struct {
	Value    float64  `json:"value"`
	Interval Interval `json:"interval"`
}

// Solved counts problems by who solved them with at least one of N samples. A problem
// that N samples did not solve may be solvable: its success rate is at most UnsolvedRate,
// at the level of the intervals, 1 − (1 − level)^(1/N).
type Solved struct {
	Both         int             `json:"both"`
	OnlyA        int             `json:"only_a"`
	OnlyB        int             `json:"only_b"`
	Neither      int             `json:"neither"`
	N            int             `json:"n"`
	UnsolvedRate float64         `json:"unsolved_rate_at_most"`
	Intervals    SolvedIntervals `json:"intervals"`
}

// SolvedIntervals are those of the counts, in problems, were as many drawn anew: exact ones of
// a binomial share (Clopper and Pearson, 1934). A bootstrap would be sure of a count of 0.
type SolvedIntervals struct {
	Both    Interval `json:"both"`
	OnlyA   Interval `json:"only_a"`
	OnlyB   Interval `json:"only_b"`
	Neither Interval `json:"neither"`
}

// crossing is nil where both sides have the same Pass@1, or only k = 1 is compared.
func (b Bootstrap) crossing(valuesA, valuesB [][]float64, ks []int) *Crossing {
	c := Crossing{Leader: "A", Largest: ks[len(ks)-1]}
	aheadPK := minus(valuesA, valuesB)
	lead := means(aheadPK)[0]
	if lead == 0 || len(ks) == 1 {
		return nil
	}
	if lead < 0 {
		c.Leader, aheadPK = "B", minus(valuesB, valuesA)
	}
	var crossings []float64
	crossed := 0
	for ahead := range b.resampledMeans(aheadPK) {
		k := firstZero(ahead, ks)
		crossings = append(crossings, k)
		if !math.IsInf(k, 1) {
			crossed++
		}
	}
	c.Crossed = float64(crossed) / float64(len(crossings))
	low, high := b.ranks(crossings)
	c.K, c.Low, c.High = finite(firstZero(means(aheadPK), ks)), finite(low), finite(high)
	return &c
}

// firstZero is the smallest k at which a lead is gone, +Inf if it lasts.
func firstZero(ahead []float64, ks []int) float64 {
	at := slices.IndexFunc(ahead, func(v float64) bool { return v <= 0 })
	switch at {
	case -1:
		return math.Inf(1)
	case 0:
		return 1
	}
	before, after := ahead[at-1], ahead[at]
	share := before / (before - after)
	return float64(ks[at-1]) * math.Pow(float64(ks[at])/float64(ks[at-1]), share)
}

// ranks are percentiles without interpolation, as some values may be infinite; each bound
// is the one that makes the interval wider.
func (b Bootstrap) ranks(values []float64) (low, high float64) {
	slices.Sort(values)
	last := len(values) - 1
	at := int(float64(last) * (1 - b.Level) / 2)
	return values[at], values[last-at]
}

func finite(k float64) *float64 {
	if math.IsInf(k, 1) {
		return nil
	}
	return &k
}

// samplingGap is nil where only k = 1 is compared.
func (b Bootstrap) samplingGap(valuesA, valuesB [][]float64, ks []int) *SamplingGap {
	last := len(ks) - 1
	if last == 0 {
		return nil
	}
	gaps := make([][]float64, len(valuesA))
	for i := range gaps {
		gaps[i] = []float64{valuesB[i][last] - valuesA[i][0], valuesA[i][last] - valuesB[i][0]}
	}
	mean, intervals := means(gaps), b.intervals(gaps)
	return &SamplingGap{ks[last], Gap{mean[0], intervals[0]}, Gap{mean[1], intervals[1]}}
}

// solved needs equal numbers of samples: with more of them more is solved.
func (b Bootstrap) solved(countsA, countsB []Count) *Solved {
	s := Solved{N: countsA[0].N}
	for i, a := range countsA {
		if a.N != s.N || countsB[i].N != s.N {
			return nil
		}
		switch byA, byB := a.C > 0, countsB[i].C > 0; {
		case byA && byB:
			s.Both++
		case byA:
			s.OnlyA++
		case byB:
			s.OnlyB++
		default:
			s.Neither++
		}
	}
	of := func(count int) Interval { return b.binomial(count, len(countsA)) }
	s.Intervals = SolvedIntervals{of(s.Both), of(s.OnlyA), of(s.OnlyB), of(s.Neither)}
	s.UnsolvedRate = 1 - math.Pow(1-b.Level, 1/float64(s.N))
	return &s
}

// binomial is the interval of a count of some problems.
func (b Bootstrap) binomial(count, problems int) Interval {
	x, n, tail := float64(count), float64(problems), (1-b.Level)/2
	i := Interval{0, n}
	if count > 0 {
		i[0] = n * distuv.Beta{Alpha: x, Beta: n - x + 1}.Quantile(tail)
	}
	if count < problems {
		i[1] = n * distuv.Beta{Alpha: x + 1, Beta: n - x}.Quantile(1-tail)
	}
	return i
}
