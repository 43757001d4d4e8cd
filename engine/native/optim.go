package native

import (
	"context"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// adam is the optimizer's state: the moments, in the arena's layout, and the number
// of steps taken.
type adam struct {
	m, v *params
	step int
}

func newAdam(p *params) *adam {
	return &adam{m: newParams(p.config), v: newParams(p.config)}
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
	e.grads.merge()
	norm := math.Sqrt(sumSquares(e.grads.arena, e.options.Threads))
	if !finite(norm) {
		name, _ := e.grads.nonFinite()
		e.grads.clear()
		return engine.Update{}, fmt.Errorf("optimizer step %d: the norm of the gradient is %v, the first bad tensor %q", e.adam.step+1, norm, name)
	}
	scale := 1.0
	if o.MaxGradNorm > 0 {
		scale = min(1, o.MaxGradNorm/(norm+1e-6))
	}
	e.apply(o, scale)
	e.adam.step++
	e.grads.clear()
	e.model.packForward(&e.model.forward, e.options.Threads)
	e.stale = true
	return engine.Update{GradNorm: norm, Step: e.adam.step}, nil
}

func (e *Engine) apply(o engine.OptimParams, scale float64) {
	p, g := e.model.arena, e.grads.arena
	rule := kernel.AdamW{
		LearningRate: o.LearningRate, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon,
		WeightDecay: o.WeightDecay, Step: e.adam.step + 1, Scale: scale,
	}
	update := func(from, to int) {
		rule.Update(p[from:to], g[from:to], e.adam.m.arena[from:to], e.adam.v.arena[from:to])
	}
	if o.Optimizer == engine.SGD {
		update = func(from, to int) { kernel.SGD(p[from:to], g[from:to], o.LearningRate, o.WeightDecay, scale) }
	}
	const block = 1 << 14
	kernel.Parallel(e.options.Threads, (len(p)+block-1)/block, func(i int) {
		update(i*block, min((i+1)*block, len(p)))
	})
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
