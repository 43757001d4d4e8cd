package objective

import "math"

// Scale names what group-relative advantages are divided by.
type Scale string

// The unbiased standard deviation of the group's or of the batch's rewards, plus 1e-4
// as in TRL; or nothing.
const (
	ByGroup  Scale = "group"
	ByBatch  Scale = "batch"
	Unscaled Scale = "none"
)

const scaleEpsilon = 1e-4

// perSample applies f to every reward.
func perSample(f func(p Params, r float64) float64) func(Params, [][]float64) [][]float64 {
	return func(p Params, rewardsPG [][]float64) [][]float64 {
		out := make([][]float64, len(rewardsPG))
		for i, group := range rewardsPG {
			out[i] = make([]float64, len(group))
			for j, r := range group {
				out[i][j] = f(p, r)
			}
		}
		return out
	}
}

// groupRelative is (r − mean of the group) / scale. A group without variance has
// advantage exactly zero.
func groupRelative(p Params, rewardsPG [][]float64) [][]float64 {
	batch := deviation(flatten(rewardsPG))
	out := make([][]float64, len(rewardsPG))
	for i, group := range rewardsPG {
		scale := 1.0
		switch p.ScaleRewards {
		case ByGroup:
			scale = deviation(group) + scaleEpsilon
		case ByBatch:
			scale = batch + scaleEpsilon
		}
		out[i] = make([]float64, len(group))
		if constant(group) {
			continue
		}
		m := mean(group)
		for j, r := range group {
			out[i][j] = (r - m) / scale
		}
	}
	return out
}

// leaveOneOut is r minus the mean of the group's other rewards; by batch it is also
// divided by the batch's deviation, as TRL's normalize_advantages does. A group's
// advantages add up to zero, so TRL's centring over the batch would only put rounding
// errors where a group without variance has exactly zero.
func leaveOneOut(p Params, rewardsPG [][]float64) [][]float64 {
	out := make([][]float64, len(rewardsPG))
	for i, group := range rewardsPG {
		out[i] = make([]float64, len(group))
		if constant(group) {
			continue
		}
		sum := mean(group) * float64(len(group))
		for j, r := range group {
			out[i][j] = r - (sum-r)/float64(len(group)-1)
		}
	}
	if p.ScaleRewards == ByBatch {
		scale := deviation(flatten(out)) + scaleEpsilon
		for _, group := range out {
			for j := range group {
				group[j] /= scale
			}
		}
	}
	return out
}

// Whiten centres the advantages of a batch's tokens and divides them by their unbiased
// standard deviation, in place, as PPO implementations do.
func Whiten(advantagesBT [][]float64) {
	all := flatten(advantagesBT)
	m, scale := mean(all), math.Sqrt(deviation(all)*deviation(all)+1e-8)
	for _, row := range advantagesBT {
		for t := range row {
			row[t] = (row[t] - m) / scale
		}
	}
}

func flatten(x [][]float64) []float64 {
	var all []float64
	for _, row := range x {
		all = append(all, row...)
	}
	return all
}

func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

func mean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// deviation is the unbiased standard deviation; 0 of fewer than two numbers.
func deviation(x []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}
