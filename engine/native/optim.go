package native

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// adam is the optimizer's state: the moments, in the arena's layout, which a first step
// makes, and the number of steps taken.
type adam struct {
	m, v *params
	step int
}

// stepper makes optimizer steps without allocating anything.
type stepper struct {
	p, g, m, v []float32
	rule       kernel.AdamW
	round      bool        // what is updated, to bfloat16
	draws      draw.Source // for that
	mask       []byte      // 0: a parameter that must not move; nil: all may
	descent    engine.OptimParams
	squares    []float64

	square, adamW, sgd func(i int)
}

// Blocks of parameters that one thread takes at a time, and whose squares are added
// before the blocks' sums are, in order.
const (
	stepBlock   = 1 << 14
	squareBlock = 1 << 16
)

func newStepper() *stepper {
	s := new(stepper)
	s.square = func(i int) {
		s.squares[i] = kernel.SumSquares(s.g[i*squareBlock : min((i+1)*squareBlock, len(s.g))])
	}
	adamW := func(from, to int) { s.rule.Update(s.p[from:to], s.g[from:to], s.m[from:to], s.v[from:to]) }
	sgd := func(from, to int) {
		kernel.SGD(s.p[from:to], s.g[from:to], s.descent.LearningRate, s.descent.WeightDecay, s.rule.Scale)
	}
	s.adamW = func(i int) { s.update(i, adamW) }
	s.sgd = func(i int) { s.update(i, sgd) }
	return s
}

// store rounds a block of parameters where they are kept in bfloat16.
func (s *stepper) store(block int, p []float32) {
	if s.round {
		kernel.RoundStochastic(p, s.draws.Uint64(uint64(block)))
	}
}

// norm is the length of the gradient.
func (s *stepper) norm(g []float32, threads int) float64 {
	s.g = g
	kernel.Resize(&s.squares, (len(g)+squareBlock-1)/squareBlock)
	kernel.Parallel(threads, len(s.squares), s.square)
	var sum float64
	for _, part := range s.squares {
		sum += part
	}
	return math.Sqrt(sum)
}

// OptimStep implements engine.Trainer. A gradient that is not finite is an error that
// names the tensor, changes no parameter, and discards the gradient.
func (e *Engine) OptimStep(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
	if err := ctx.Err(); err != nil {
		return engine.Update{}, err
	}
	if err := o.Validate(); err != nil {
		return engine.Update{}, err
	}
	l, err := e.training()
	if err != nil {
		return engine.Update{}, fmt.Errorf("optimizer step: %w", err)
	}
	grads := l.grads
	grads.merge()
	e.stepper.hold(grads.arena, e.options.Threads)
	norm := e.stepper.norm(grads.arena, e.options.Threads)
	if !finite(norm) {
		name, _ := grads.nonFinite()
		grads.clear()
		return engine.Update{}, fmt.Errorf("optimizer step %d: the norm of the gradient is %v, the first bad tensor %q", e.adam.step+1, norm, name)
	}
	scale := 1.0
	if o.MaxGradNorm > 0 {
		scale = min(1, o.MaxGradNorm/(norm+1e-6))
	}
	e.apply(o, scale)
	e.adam.step++
	grads.clear()
	e.model.pack(e.options.Threads)
	return engine.Update{GradNorm: norm, Step: e.adam.step}, nil
}

func (e *Engine) apply(o engine.OptimParams, scale float64) {
	s, do := e.stepper, e.stepper.sgd
	s.p, s.descent = e.model.trained().arena, o
	s.rule = kernel.AdamW{
		LearningRate: o.LearningRate, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon,
		WeightDecay: o.WeightDecay, Step: e.adam.step + 1, Scale: scale,
	}
	s.round = e.options.Weights == BF16
	s.draws = draw.New(e.options.Seed, "round").At(uint64(e.adam.step))
	if o.Optimizer == engine.AdamW {
		if e.adam.m == nil {
			e.adam.m, e.adam.v = newParams(e.model.config, e.model.trains()), newParams(e.model.config, e.model.trains())
		}
		s.m, s.v, do = e.adam.m.arena, e.adam.v.arena, s.adamW
	}
	kernel.Parallel(e.options.Threads, (len(s.p)+stepBlock-1)/stepBlock, do)
}

// notFinite says why a log-probability is not a finite number.
func (m *model) notFinite() error {
	if name, found := m.nonFinite(); found {
		return fmt.Errorf("a log-probability is not finite: tensor %s holds a number that is not", name)
	}
	return errors.New("a log-probability is not finite although every weight is: activations overflow float32")
}

// nonFinite names the first tensor that holds a number that is not finite.
func (p *params) nonFinite() (name string, found bool) {
	for _, t := range p.tensors {
		for _, v := range t.data {
			if !finite(float64(v)) {
				return t.name, true
			}
		}
	}
	return "", false
}
