package eval

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// MajorityCurve is the mean of MajorityAtK over ballots at each k, in floating point
// with a relative error below 1e-9. A k beyond a ballot's samples is an error that names
// the question.
func MajorityCurve(ballots []Ballot, ks []int) (ByK[float64], error) {
	for _, b := range ballots {
		for _, k := range ks {
			if err := b.validate(k); err != nil {
				return nil, err
			}
		}
	}
	valuesPK := make([][]float64, len(ballots))
	var next atomic.Int64
	var voters sync.WaitGroup
	for range runtime.GOMAXPROCS(0) { // ballots are counted apart, whoever counts them
		voters.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(ballots)); i = next.Add(1) - 1 {
				valuesPK[i] = ballots[i].majorities(ks)
			}
		})
	}
	voters.Wait()
	return byK(ks, means(valuesPK)), nil
}

func (b Ballot) majorities(ks []int) []float64 {
	out := make([]float64, len(ks))
	for i, k := range ks {
		out[i] = b.majority(k)
	}
	return out
}

// majority is MajorityAtK. Samples are drawn independently, each with probability k/n:
// given that there are k of them, every set of k is equally likely. So the probability
// sought is that of a win and k samples, over that of k samples, and no term of it is
// large, as binomial coefficients would be.
func (b Ballot) majority(k int) float64 {
	n := b.n()
	p := float64(k) / float64(n)
	won := 0.0
	for m := 1; m <= min(k, b.most()); m++ {
		for t, probability := range b.chances(k, m, p) {
			if t > 0 {
				won += probability / float64(t)
			}
		}
	}
	return min(1, won/drawn(n, k, p))
}

// chances is wins in probabilities: of k samples drawn, t leading answers with m votes
// each, times the number of correct ones among the t.
func (b Ballot) chances(k, m int, p float64) []float64 {
	top, others := b.contenders(m)
	most := min(len(top), k/m)
	all, right := floats(most+1, k+1), floats(most+1, k+1)
	for j := range k + 1 {
		all[0][j] = drawn(others, j, p)
	}
	reach := min(k, others) // no entry beyond it is non-zero
	fewer := make([]float64, m)
	for _, c := range top {
		for i := range fewer {
			fewer[i] = drawn(c.count, i, p)
		}
		lead := drawn(c.count, m, p)
		reach = min(k, reach+m)
		for t := most; t >= 0; t-- {
			multiply(all[t][:reach+1], fewer)
			multiply(right[t][:reach+1], fewer)
			if t == 0 {
				break
			}
			for j := m; j <= reach; j++ {
				all[t][j] += lead * all[t-1][j-m]
				right[t][j] += lead * right[t-1][j-m]
				if c.right {
					right[t][j] += lead * all[t-1][j-m]
				}
			}
		}
	}
	out := make([]float64, most+1)
	for t := range out {
		out[t] = right[t][k]
	}
	return out
}

func floats(rows, columns int) [][]float64 {
	table := make([][]float64, rows)
	for t := range table {
		table[t] = make([]float64, columns)
	}
	return table
}

// multiply multiplies the polynomial p by q and drops the powers beyond p's.
func multiply(p, q []float64) {
	for j := len(p) - 1; j >= 0; j-- {
		sum := 0.0
		for i := range min(j+1, len(q)) {
			sum += p[j-i] * q[i]
		}
		p[j] = sum
	}
}

// drawn is the probability that j of count samples are drawn, each with probability p.
func drawn(count, j int, p float64) float64 {
	switch {
	case j > count:
		return 0
	case p == 1 && j < count:
		return 0
	case p == 1:
		return 1
	}
	return math.Exp(logFactorial(count) - logFactorial(j) - logFactorial(count-j) +
		float64(j)*math.Log(p) + float64(count-j)*math.Log1p(-p))
}

func logFactorial(n int) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}
