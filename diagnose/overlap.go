package diagnose

import (
	"math"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Overlap is what two trainings of one base have in common. Masks are of changed bits.
type Overlap struct {
	O1      Float  `json:"o1"`      // |I₁ ∩ I₂| / |I₁| (2505.11711, App. E)
	O2      Float  `json:"o2"`      // |I₁ ∩ I₂| / |I₂|
	Jaccard Float  `json:"jaccard"` // |I₁ ∩ I₂| / |I₁ ∪ I₂|
	Cosine  Float  `json:"cosine"`  // of Δ₁ and Δ₂
	Chance  Chance `json:"chance"`
}

// Chance is what masks of the same sizes, drawn independently, share on average.
type Chance struct {
	O1      Float `json:"o1"` // |I₂| / n
	O2      Float `json:"o2"` // |I₁| / n
	Jaccard Float `json:"jaccard"`
	Cosine  Float `json:"cosine"` // of independent directions: 0, give or take 1/√n
}

// common adds up what two differences share.
type common struct {
	n, first, second, both int64
	dot, firstSq, secondSq float64
}

func (c *common) add(d common) {
	c.n, c.first, c.second, c.both = c.n+d.n, c.first+d.first, c.second+d.second, c.both+d.both
	c.dot, c.firstSq, c.secondSq = c.dot+d.dot, c.firstSq+d.firstSq, c.secondSq+d.secondSq
}

// share compares one block of two trainings with the base.
func share(base, first, second safetensors.Tensor, from, to int, s *scratch) common {
	c := common{n: int64(to - from)}
	a, b := s.two(to - from)
	if cap(s.c) < to-from {
		s.c = make([]float32, to-from)
	}
	third := s.c[:to-from]
	base.Floats(third, from)
	first.Floats(a, from)
	second.Floats(b, from)
	for i, x := range third {
		d, e := float64(a[i])-float64(x), float64(b[i])-float64(x)
		if d == 0 && e == 0 {
			continue
		}
		switch {
		case d != 0 && e != 0:
			c.first, c.second, c.both = c.first+1, c.second+1, c.both+1
		case d != 0:
			c.first++
		default:
			c.second++
		}
		c.dot += d * e
		c.firstSq += d * d
		c.secondSq += e * e
	}
	return c
}

// overlap turns sums into shares; NaN where a training changed nothing.
func (c common) overlap() Overlap {
	n, p, q, both := float64(c.n), float64(c.first), float64(c.second), float64(c.both)
	o := Overlap{
		O1: Float(both / p), O2: Float(both / q), Jaccard: Float(both / (p + q - both)),
		Cosine: Float(c.dot / math.Sqrt(c.firstSq*c.secondSq)),
	}
	p, q = p/n, q/n
	o.Chance = Chance{O1: Float(q), O2: Float(p), Jaccard: Float(p * q / (p + q - p*q))}
	return o
}
