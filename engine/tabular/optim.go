package tabular

import (
	"context"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/engine"
)

// OptimStep implements engine.Trainer.
func (e *Engine) OptimStep(ctx context.Context, o engine.OptimParams) (engine.Update, error) {
	if err := ctx.Err(); err != nil {
		return engine.Update{}, err
	}
	if err := o.Validate(); err != nil {
		return engine.Update{}, err
	}
	length := norm(e.grad)
	if !finite(length) {
		clear(e.grad)
		return engine.Update{}, fmt.Errorf("optimizer step %d: the norm of the gradient is %v: look for a loss with such derivatives", e.step+1, length)
	}
	scale := 1.0
	if o.MaxGradNorm > 0 {
		scale = min(1, o.MaxGradNorm/(length+1e-6))
	}
	if o.Optimizer == engine.SGD {
		e.sgd(o, scale)
	} else {
		e.adamW(o, scale)
	}
	e.step++
	clear(e.grad)
	return engine.Update{GradNorm: length, Step: e.step}, nil
}

// ResetOptimizer implements engine.Trainer.
func (e *Engine) ResetOptimizer() {
	clear(e.m)
	clear(e.v)
	e.step = 0
}

// adamW is one step of Loshchilov and Hutter (1711.05101, algorithm 2), with
// PyTorch's placement of epsilon.
func (e *Engine) adamW(o engine.OptimParams, scale float64) {
	step := float64(e.step + 1)
	rate := o.LearningRate / (1 - math.Pow(o.Beta1, step))
	root := math.Sqrt(1 - math.Pow(o.Beta2, step))
	keep := 1 - o.LearningRate*o.WeightDecay
	for i, g := range e.grad {
		g *= scale
		e.m[i] = o.Beta1*e.m[i] + (1-o.Beta1)*g
		e.v[i] = o.Beta2*e.v[i] + (1-o.Beta2)*g*g
		e.logits[i] = e.logits[i]*keep - rate*e.m[i]/(math.Sqrt(e.v[i])/root+o.Epsilon)
	}
}

func (e *Engine) sgd(o engine.OptimParams, scale float64) {
	keep := 1 - o.LearningRate*o.WeightDecay
	for i, g := range e.grad {
		e.logits[i] = e.logits[i]*keep - o.LearningRate*scale*g
	}
}
