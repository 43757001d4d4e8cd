package eval

import (
	"fmt"
	"iter"
	"slices"

	"github.com/negativa-lab/negativa/internal/draw"
)

// Interval is a lower and an upper bound.
type Interval [2]float64

// Bootstrap is how intervals are made: the percentile bootstrap (Efron 1979) over
// problems. A resample draws as many problems as there are, with replacement. An
// interval speaks of other problems of the same kind, not of another training seed,
// and where all problems have the same value it is a point.
type Bootstrap struct {
	Level     float64 `json:"level"`     // in (0, 1): how often an interval is to hold the true mean
	Resamples int     `json:"resamples"` // ≥ 2
	Seed      uint64  `json:"seed"`
}

// DefaultBootstrap makes 95% intervals from 2,000 resamples.
func DefaultBootstrap(seed uint64) Bootstrap {
	return Bootstrap{Level: 0.95, Resamples: 2000, Seed: seed}
}

// Validate names the setting that is out of range.
func (b Bootstrap) Validate() error {
	if !(b.Level > 0 && b.Level < 1) {
		return fmt.Errorf("the interval's level is %v; it must be between 0 and 1, such as 0.95", b.Level)
	}
	if b.Resamples < 2 {
		return fmt.Errorf("the interval has %d resamples; it needs at least 2, such as 2000", b.Resamples)
	}
	return nil
}

// Intervals gives the interval of Curve at each k. Errors are those of Validate and of
// Curve.
func (b Bootstrap) Intervals(counts []Count, ks []int) (ByK[Interval], error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	valuesPK, err := estimates(counts, ks)
	if err != nil {
		return nil, err
	}
	return byK(ks, b.intervals(valuesPK)), nil
}

// intervals gives the interval of the mean of each column; all share the resamples.
func (b Bootstrap) intervals(valuesPK [][]float64) []Interval {
	if len(valuesPK) == 0 {
		return nil
	}
	meansKR := make([][]float64, len(valuesPK[0]))
	for resampled := range b.resampledMeans(valuesPK) {
		for k, mean := range resampled {
			meansKR[k] = append(meansKR[k], mean)
		}
	}
	out := make([]Interval, len(meansKR))
	for k, meansR := range meansKR {
		out[k] = b.percentiles(meansR)
	}
	return out
}

// resampledMeans yields the means of the columns of each resample of the rows.
func (b Bootstrap) resampledMeans(valuesPK [][]float64) iter.Seq[[]float64] {
	return func(yield func([]float64) bool) {
		root := draw.New(b.Seed, "bootstrap")
		resamplePK := make([][]float64, len(valuesPK))
		for r := range b.Resamples {
			source := root.At(uint64(r))
			for i := range resamplePK {
				resamplePK[i] = valuesPK[source.IntN(uint64(i), len(valuesPK))]
			}
			if !yield(means(resamplePK)) {
				return
			}
		}
	}
}

// percentiles cuts (1 − Level)/2 off each side, interpolating linearly. The sides
// mirror each other exactly: the interval of B − A is that of A − B, turned over.
func (b Bootstrap) percentiles(values []float64) Interval {
	slices.Sort(values)
	last := len(values) - 1
	at := float64(last) * (1 - b.Level) / 2
	i := int(at)
	f := at - float64(i)
	return Interval{
		values[i]*(1-f) + values[i+1]*f,
		values[last-i]*(1-f) + values[last-i-1]*f,
	}
}
