package native

import (
	"math"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// split measures the two halves of the signal: how far the right rows move the
// accumulated gradient, and how far the wrong ones, and how both lie to the way that the
// parameters have gone.
type split struct {
	g       *gradients
	start   []float32 // the parameters where the move began; nil: none is tracked
	now     []float32 // the parameters
	before  []float32 // the gradient before the call; nil for zero
	middle  []float32 // after the right rows, where wrong ones follow
	right   bool      // there are right rows
	buffers [2][]float32

	parts []halves
	block func(i int)
}

// halves are ‖r‖², ‖w‖² and r·w of some elements of the right and the wrong part, and
// r·m, w·m and ‖m‖² with the move.
type halves struct{ rr, ww, rw, rm, wm, mm float64 }

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
			h.rr = squares
		} else {
			h.ww = squares
		}
	} else {
		for i := from; i < to; i++ {
			r, w := s.at(i)
			h.rr += float64(r * r)
			h.ww += float64(w * w)
			h.rw += float64(r * w)
		}
	}
	if s.start != nil {
		s.along(&h, from, to)
	}
	return h
}

// at is element i of the right and of the wrong part.
func (s *split) at(i int) (right, wrong float64) {
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
	return middle - before, now - middle
}

// along adds the products with the move.
func (s *split) along(h *halves, from, to int) {
	for i := from; i < to; i++ {
		r, w := s.at(i)
		m := float64(s.now[i]) - float64(s.start[i])
		h.rm += float64(r * m)
		h.wm += float64(w * m)
		h.mm += float64(m * m)
	}
}

// into tells a result of both parts, after the right and the wrong rows.
func (s *split) into(r *engine.Result, threads int) {
	kernel.Parallel(threads, len(s.parts), s.block)
	var sum halves
	for _, p := range s.parts {
		sum.rr, sum.ww, sum.rw = sum.rr+p.rr, sum.ww+p.ww, sum.rw+p.rw
		sum.rm, sum.wm, sum.mm = sum.rm+p.rm, sum.wm+p.wm, sum.mm+p.mm
	}
	r.RightNorm, r.WrongNorm = math.Sqrt(sum.rr), math.Sqrt(sum.ww)
	r.Cosine = sum.rw / (r.RightNorm * r.WrongNorm)
	move := math.Sqrt(sum.mm)
	r.RightMove, r.WrongMove = -sum.rm/(r.RightNorm*move), -sum.wm/(r.WrongNorm*move)
}
