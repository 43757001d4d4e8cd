package eval

import (
	"fmt"
	"math/big"
)

// Count is how many of a question's samples are correct.
type Count struct {
	ID      string `json:"question_id"`
	N       int    `json:"n"`                 // samples
	C       int    `json:"correct"`           // correct ones among them
	Subject string `json:"subject,omitempty"` // empty: not known
	Level   string `json:"level,omitempty"`   // empty: not known
	Found   *Found `json:"found,omitempty"`   // of its right answers; nil: not known
}

// PassAtK is the probability that at least one of k samples, drawn without
// replacement from n of which c are correct, is correct:
//
//	1 − C(n−c, k) / C(n, k)
//
// It is the unbiased estimate of Pass@k from n ≥ k samples (Chen et al. 2021,
// 2107.03374, eq. 1). There is no estimate for k > n: that is an error, as are
// c outside [0, n] and k < 1.
func PassAtK(n, c, k int) (*big.Rat, error) {
	switch {
	case n < 0 || c < 0 || c > n:
		return nil, fmt.Errorf("estimate Pass@%d: %d correct of %d samples cannot be: 0 ≤ correct ≤ samples must hold", k, c, n)
	case k < 1:
		return nil, fmt.Errorf("estimate Pass@%d from %d samples: k starts at 1", k, n)
	case k > n:
		return nil, fmt.Errorf("estimate Pass@%d from %d samples: draw at least %d, or ask for k ≤ %d", k, n, k, n)
	}
	all := binomial(n, k)
	return new(big.Rat).SetFrac(new(big.Int).Sub(all, binomial(n-c, k)), all), nil
}

// PassAtKFloat is PassAtK rounded to the nearest float64.
func PassAtKFloat(n, c, k int) (float64, error) {
	p, err := PassAtK(n, c, k)
	if err != nil {
		return 0, err
	}
	value, _ := p.Float64()
	return value, nil
}

// Curve is the mean of Pass@k over questions at each k. A k beyond a question's
// samples is an error that names the question.
func Curve(counts []Count, ks []int) (ByK[float64], error) {
	valuesPK, err := estimates(counts, ks)
	if err != nil {
		return nil, err
	}
	return byK(ks, means(valuesPK)), nil
}

// estimates gives Pass@k of every question (rows) at every k (columns).
func estimates(counts []Count, ks []int) ([][]float64, error) {
	valuesPK := make([][]float64, len(counts))
	known := map[[2]int][]float64{}
	for i, c := range counts {
		if known[[2]int{c.N, c.C}] == nil {
			values := make([]float64, len(ks))
			for j, k := range ks {
				value, err := PassAtKFloat(c.N, c.C, k)
				if err != nil {
					return nil, fmt.Errorf("question %q: %w", c.ID, err)
				}
				values[j] = value
			}
			known[[2]int{c.N, c.C}] = values
		}
		valuesPK[i] = known[[2]int{c.N, c.C}]
	}
	return valuesPK, nil
}

// means are those of the columns.
func means(valuesPK [][]float64) []float64 {
	if len(valuesPK) == 0 {
		return nil
	}
	out := make([]float64, len(valuesPK[0]))
	for _, values := range valuesPK {
		for k, v := range values {
			out[k] += v
		}
	}
	for k := range out {
		out[k] /= float64(len(valuesPK))
	}
	return out
}

// Powers lists the powers of two ≤ n, from 1.
func Powers(n int) []int {
	var ks []int
	for k := 1; k <= n && k > 0; k *= 2 {
		ks = append(ks, k)
	}
	return ks
}

// checkK refuses a k for which n samples give no estimate.
func checkK(ks []int, n int) error {
	for _, k := range ks {
		if k < 1 || k > n {
			return fmt.Errorf("k is %d; it must be between 1 and the number of samples, n = %d", k, n)
		}
	}
	return nil
}

// binomial is C(n, k), which is 0 for k > n.
func binomial(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }
