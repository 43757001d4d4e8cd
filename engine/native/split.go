package native

import (
	"math"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// split measures the two halves of the signal: how far the right rows move the
// accumulated gradient, and how far the wrong ones.
type split struct {
	g       *gradients
	before  []float32 // the gradient before the call; nil for zero
	middle  []float32 // after the right rows, where wrong ones follow
	right   bool      // there are right rows
	buffers [2][]float32

	parts []halves
	block func(i int)
}

// halves are ‖r‖², ‖w‖² and r·w of some elements.
type halves struct{ rr, ww, rw float64 }

const splitBlock = 1 << 16

func newSplit(g *gradients) *split {
	s := &split{g: g, parts: make([]halves, (len(g.arena)+splitBlock-1)/splitBlock)}
	s.block = func(i int) { s.parts[i] = s.measure(i*splitBlock, min((i+1)*splitBlock, len(g.arena))) }
	return s
}

func (s *split) begin() {
	s.before, s.middle, s.right = nil, nil, false
	if s.g.touched {
		s.before = s.keep(0)
	}
}

// between is called after the right rows, and before the wrong ones if there are any.
func (s *split) between(wrong bool) {
	s.right = true
	if wrong {
		s.middle = s.keep(1)
	}
}

func (s *split) keep(buffer int) []float32 {
	kernel.Resize(&s.buffers[buffer], len(s.g.arena))
	s.g.sum(s.buffers[buffer])
	return s.buffers[buffer]
}

func (s *split) measure(from, to int) (h halves) {
	if s.before == nil && s.middle == nil && from >= len(s.g.tiedHead) { // one half alone
		squares := kernel.SumSquares(s.g.arena[from:to])
		if s.right {
			return halves{rr: squares}
		}
		return halves{ww: squares}
	}
	for i := from; i < to; i++ {
		var before float64
		if s.before != nil {
			before = float64(s.before[i])
		}
		now := float64(s.g.at(i))
		middle := before
		switch {
		case s.middle != nil:
			middle = float64(s.middle[i])
		case s.right:
			middle = now
		}
		r, w := middle-before, now-middle
		h.rr += float64(r * r)
		h.ww += float64(w * w)
		h.rw += float64(r * w)
	}
	return h
}

// norms are the lengths of both parts, after the right and the wrong rows, and the
// cosine between them.
func (s *split) norms(threads int) (right, wrong, cosine float64) {
	kernel.Parallel(threads, len(s.parts), s.block)
	var sum halves
	for _, p := range s.parts {
		sum.rr, sum.ww, sum.rw = sum.rr+p.rr, sum.ww+p.ww, sum.rw+p.rw
	}
	right, wrong = math.Sqrt(sum.rr), math.Sqrt(sum.ww)
	return right, wrong, sum.rw / (right * wrong)
}
