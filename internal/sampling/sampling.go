// Package sampling turns logits into a draw. It is the one place that knows the order
// of the cuts: temperature, then top-k, then top-p, then min-p.
package sampling

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// Validate refuses settings outside their ranges, naming key, value and range.
func Validate(p engine.SampleParams) error {
	switch {
	case p.MaxTokens < 1:
		return fmt.Errorf("max_completion_length is %d; it must be at least 1", p.MaxTokens)
	case !(p.Temperature >= 0) || math.IsInf(p.Temperature, 0):
		return fmt.Errorf("temperature is %v; it must be a finite number, 0 (greedy) or above", p.Temperature)
	case p.TopK < 0:
		return fmt.Errorf("top_k is %d; it must be 0 (off) or positive", p.TopK)
	case !(p.TopP > 0 && p.TopP <= 1):
		return fmt.Errorf("top_p is %v; it must be in (0, 1], where 1 is off", p.TopP)
	case !(p.MinP >= 0 && p.MinP <= 1):
		return fmt.Errorf("min_p is %v; it must be in [0, 1], where 0 is off", p.MinP)
	}
	return nil
}

// Scratch is memory that draws reuse. Its zero value is ready.
type Scratch struct {
	exp   []float32
	sums  []float64 // of strides
	probs []float64
	order []int
}

// Draw returns the token at u, uniform in [0, 1), of the distribution that the settings
// make of z: logits that have been divided by the temperature already; and ln Σ exp z, over
// all of them, whatever the settings cut. A temperature of 0 gives the likeliest token, the lowest
// id among equals. It is a pure function.
func Draw(z []float32, p engine.SampleParams, u float64, s *Scratch) (token negativa.Token, lse float64) {
	kernel.Resize(&s.exp, len(z))
	lse = kernel.LogSumExp(z, s.exp)
	switch {
	case p.Temperature == 0:
		return argmax(z), lse
	case !p.Cuts():
		return walk(s.exp, u, &s.sums), lse
	}
	s.weights(z, p)
	return walk(s.probs, u, &s.sums), lse
}

// stride is how many weights walk steps over at once.
const stride = 256

// walk returns the token at u of the distribution with some weights. They are added in
// float64: those of a stride first, in four lanes, then the strides in turn.
func walk[T float32 | float64](weights []T, u float64, sums *[]float64) negativa.Token {
	*sums = (*sums)[:0]
	total := 0.0
	for from := 0; from < len(weights); from += stride {
		sum := add(weights[from:min(from+stride, len(weights))])
		*sums = append(*sums, sum)
		total += sum
	}
	target, at := u*total, 0
	for at < len(*sums)-1 && target >= (*sums)[at] {
		target -= (*sums)[at]
		at++
	}
	return step(weights, at*stride, target)
}

// step walks on from a token, one by one. Where the sums' rounding leaves a rest, it ends
// at the last token that has any weight.
func step[T float32 | float64](weights []T, from int, target float64) negativa.Token {
	last := from
	for i, w := range weights[from:] {
		if w == 0 {
			continue
		}
		last = from + i
		if target -= float64(w); target < 0 {
			return negativa.Token(last)
		}
	}
	for last > 0 && weights[last] == 0 {
		last--
	}
	return negativa.Token(last)
}

func add[T float32 | float64](weights []T) float64 {
	var l [4]float64
	for ; len(weights) >= 4; weights = weights[4:] {
		l[0] += float64(weights[0])
		l[1] += float64(weights[1])
		l[2] += float64(weights[2])
		l[3] += float64(weights[3])
	}
	for i, w := range weights {
		l[i] += float64(w)
	}
	return (l[0] + l[2]) + (l[1] + l[3])
}

// Probs is the distribution that Draw draws from, for logits before the temperature.
func Probs(logits []float64, p engine.SampleParams) []float64 {
	z := make([]float64, len(logits))
	for i, v := range logits {
		z[i] = v / p.Temperature
	}
	var s Scratch
	sum := s.cut(z, p)
	for i := range s.probs {
		s.probs[i] /= sum
	}
	return s.probs
}

// weights fills s.probs with unnormalised probabilities, zero where cut.
func (s *Scratch) weights(z []float32, p engine.SampleParams) {
	s.resize(len(z))
	top := float64(z[argmax(z)])
	sum := 0.0
	for i, v := range z {
		s.probs[i] = math.Exp(float64(v) - top)
		sum += s.probs[i]
	}
	s.truncate(p, sum)
}

func (s *Scratch) cut(z []float64, p engine.SampleParams) float64 {
	s.resize(len(z))
	top := slices.Max(z)
	sum := 0.0
	for i, v := range z {
		s.probs[i] = math.Exp(v - top)
		sum += s.probs[i]
	}
	return s.truncate(p, sum)
}

func (s *Scratch) resize(n int) {
	if cap(s.probs) < n {
		s.probs, s.order = make([]float64, n), make([]int, n)
	}
	s.probs, s.order = s.probs[:n], s.order[:n]
}

// truncate applies top-k, top-p and min-p in turn and returns the sum that is left.
func (s *Scratch) truncate(p engine.SampleParams, sum float64) float64 {
	if !p.Cuts() {
		return sum
	}
	for i := range s.order {
		s.order[i] = i
	}
	slices.SortFunc(s.order, func(i, j int) int {
		return cmp.Or(cmp.Compare(s.probs[j], s.probs[i]), cmp.Compare(i, j))
	})
	kept := s.minP(s.topP(s.topK(p.TopK), p.TopP), p.MinP)
	for _, i := range s.order[len(kept):] {
		s.probs[i] = 0
	}
	return s.sum(kept)
}

func (s *Scratch) sum(ids []int) float64 {
	total := 0.0
	for _, i := range ids {
		total += s.probs[i]
	}
	return total
}

// topK keeps the k likeliest tokens and all that are as likely as the last of them.
func (s *Scratch) topK(k int) []int {
	if k == 0 || k >= len(s.order) {
		return s.order
	}
	least := s.probs[s.order[k-1]]
	for k < len(s.order) && s.probs[s.order[k]] == least {
		k++
	}
	return s.order[:k]
}

// topP keeps the shortest run of the likeliest tokens whose share is at least p; among
// equals the lower id comes first.
func (s *Scratch) topP(ids []int, p float64) []int {
	if p >= 1 {
		return ids
	}
	need, share := p*s.sum(ids), 0.0
	for n, i := range ids {
		if share >= need && n > 0 {
			return ids[:n]
		}
		share += s.probs[i]
	}
	return ids
}

// minP keeps tokens at least p times as likely as the likeliest.
func (s *Scratch) minP(ids []int, p float64) []int {
	bound := p * s.probs[ids[0]]
	for n, i := range ids {
		if s.probs[i] < bound {
			return ids[:n]
		}
	}
	return ids
}

func argmax(z []float32) negativa.Token {
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return negativa.Token(best)
}
