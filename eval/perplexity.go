package eval

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// PerplexityComparison holds samples of A and of B against one model. With the base model,
// its own samples as B and a tuned model's as A, it asks where in the base's distribution the
// tuned model's answers lie (2504.13837, §4.2: in its low part, so that the base could have
// given them). It has no side for the model itself: swapping A and B swaps it.
type PerplexityComparison struct {
	Model    string           `json:"model"`    // hash of its parameters
	N        int              `json:"n"`        // samples of each problem at most; 0: all
	Problems int              `json:"problems"` // with a scored sample on both sides
	A        PerplexitySpread `json:"a"`
	B        PerplexitySpread `json:"b"`
	LogRatio Gap              `json:"log_a_minus_b"` // mean ln PPL of A − of B, nats a token; each problem counts alike
	Lower    Gap              `json:"a_lower"`       // chance that A's of two samples of a problem has the lower perplexity, a tie counting half
	Interval IntervalMethod   `json:"interval"`
}

// PerplexitySpread is the distribution of perplexity over all samples of one side.
type PerplexitySpread struct {
	Median    float64    `json:"median"`
	Quartiles [2]float64 `json:"quartiles"` // the lower and the upper
	MeanLog   float64    `json:"mean_log"`  // nats a token; each problem counts alike
	Samples   int        `json:"samples"`
	FromText  int        `json:"samples_from_text"` // scored as the tokenizer writes their texts, since their tokens are not recorded
	Empty     int        `json:"samples_empty"`     // without a token, and left out
}

// Perplexity compares two files' samples under one model, of which Model and N say what
// scored them. Problems that only one side has a scored sample of are left out; that there
// are no others is an error.
func (b Bootstrap) Perplexity(scoredA, scoredB Scored, model string, n int) (*PerplexityComparison, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	c := PerplexityComparison{Model: model, N: n, Interval: IntervalMethod{"percentile bootstrap over paired problems", b}}
	ofB := map[string]Perplexities{}
	for _, p := range scoredB.Problems {
		ofB[p.ID] = p
	}
	var logs, contrasts [][]float64 // a row for each problem
	var allA, allB []float64
	problems := slices.Clone(scoredA.Problems)
	slices.SortFunc(problems, func(x, y Perplexities) int { return cmp.Compare(x.ID, y.ID) })
	for _, a := range problems {
		other, there := ofB[a.ID]
		if !there {
			continue
		}
		meanA, meanB := average(a.Logs), average(other.Logs)
		logs = append(logs, []float64{meanA, meanB})
		contrasts = append(contrasts, []float64{meanA - meanB, lower(a.Logs, other.Logs)})
		allA, allB = append(allA, a.Logs...), append(allB, other.Logs...)
	}
	if len(logs) == 0 {
		return nil, errors.New("compare perplexities: no problem has a sample with a token on both sides")
	}
	log, contrast, interval := means(logs), means(contrasts), b.intervals(contrasts)
	c.Problems = len(logs)
	c.LogRatio, c.Lower = Gap{contrast[0], interval[0]}, Gap{contrast[1], interval[1]}
	c.A, c.B = spread(allA, log[0], scoredA), spread(allB, log[1], scoredB)
	return &c, nil
}

// lower is the share of pairs in which a's number is below b's, a tie counting half.
func lower(a, b []float64) float64 {
	sum := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x < y:
				sum++
			case x == y:
				sum += 0.5
			}
		}
	}
	return sum / float64(len(a)*len(b))
}

// spread is the distribution of exp(logs).
func spread(logs []float64, meanLog float64, s Scored) PerplexitySpread {
	slices.Sort(logs)
	at := func(share float64) float64 { return math.Exp(quantile(logs, share)) }
	return PerplexitySpread{
		Median: at(0.5), Quartiles: [2]float64{at(0.25), at(0.75)}, MeanLog: meanLog,
		Samples: len(logs), FromText: s.FromText, Empty: s.Empty,
	}
}

// quantile lies on the line between the two sorted values next to it.
func quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
