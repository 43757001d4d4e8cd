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
	if s.before == nil && s.middle == nil && from >= len(s.g.tiedHead) {
		h = s.alone(from, to)
	} else {
		h = s.both(from, to)
	}
	if s.start != nil {
		h.mm = distance(s.now[from:to], s.start[from:to])
	}
	return h
}

// alone measures a gradient that is one half.
func (s *split) alone(from, to int) (h halves) {
	g := s.g.arena[from:to]
	squares, along := kernel.SumSquares(g), 0.0
	if s.start != nil {
		along = alongMove(g, s.now[from:to], s.start[from:to])
	}
	if s.right {
		return halves{rr: squares, rm: along}
	}
	return halves{ww: squares, wm: along}
}

func (s *split) both(from, to int) (h halves) {
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
		if s.start != nil {
			m := float64(s.now[i]) - float64(s.start[i])
			h.rm += float64(r * m)
			h.wm += float64(w * m)
		}
	}
	return h
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

// into tells a result of both parts, after the right and the wrong rows, if there are any.
func (s *split) into(r *engine.Result, wrong bool, threads int) {
	var sum halves
	if s.right || wrong {
		sum = s.all(threads)
	}
	r.RightNorm, r.WrongNorm = math.Sqrt(sum.rr), math.Sqrt(sum.ww)
	r.Cosine = sum.rw / (r.RightNorm * r.WrongNorm)
	move := math.Sqrt(sum.mm)
	r.RightMove, r.WrongMove = -sum.rm/(r.RightNorm*move), -sum.wm/(r.WrongNorm*move)
}

func (s *split) all(threads int) (sum halves) {
	kernel.Parallel(threads, len(s.parts), s.block)
	for _, p := range s.parts {
		sum.rr, sum.ww, sum.rw = sum.rr+p.rr, sum.ww+p.ww, sum.rw+p.rw
		sum.rm, sum.wm, sum.mm = sum.rm+p.rm, sum.wm+p.wm, sum.mm+p.mm
	}
	return sum
}
