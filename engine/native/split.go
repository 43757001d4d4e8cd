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
	if s.start != nil {
		s.along(&h, from, to)
	}
	if s.before == nil && s.middle == nil && from >= len(s.g.tiedHead) { // one half alone
		squares := kernel.SumSquares(s.g.arena[from:to])
		if s.right {
			h.rr = squares
		} else {
			h.ww = squares
		}
		return h
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

// along measures both parts along the move: what each leaves behind, less what was there.
func (s *split) along(h *halves, from, to int) {
	on := func(x []float32) float64 {
		if from >= len(x) { // nil, or a tied head's
			return 0
		}
		end := min(to, len(x))
		return alongMove(x[from:end], s.now[from:end], s.start[from:end])
	}
	before, now := on(s.before), on(s.g.arena)+on(s.g.tiedHead)
	middle := before
	switch {
	case s.middle != nil:
		middle = on(s.middle)
	case s.right:
		middle = now
	}
	h.rm, h.wm = middle-before, now-middle
	h.mm = distance(s.now[from:to], s.start[from:to])
}

// alongMove is x·(now − start).
func alongMove(x, now, start []float32) float64 {
	var sum float64
	now, start = now[:len(x)], start[:len(x)]
	for i, v := range x {
		sum += float64(float64(v) * (float64(now[i]) - float64(start[i])))
	}
	return sum
}

// distance is ‖now − start‖².
func distance(now, start []float32) float64 {
	var sum float64
	for i, v := range now {
		d := float64(v) - float64(start[i])
		sum += float64(d * d)
	}
	return sum
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
