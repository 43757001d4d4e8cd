package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// tolerance is the relative error that sums of a gradient's numbers may have: float32
// rounds each of some hundred additions by 2⁻²⁴, float64 by far less.
func (s Subject) tolerance() float64 {
	if s.Noise < 1e-10 {
		return 1e-10
	}
	return 1e-4
}

func (s Subject) near(name string, got, want, scale float64) error {
	if math.Abs(got-want) <= s.tolerance()*scale {
		return nil
	}
	return fmt.Errorf("%s is %.9g, want %.9g", name, got, want)
}

// signsSplitGradient measures the gradient of the right rows and of the wrong rows,
// each alone, and compares what a whole batch reports of them.
func signsSplitGradient(ctx context.Context, s Subject, dir string) error {
	batch := s.batch()
	whole, r, err := s.gradient(ctx, dir, batch)
	if err != nil {
		return err
	}
	var parts [3][]float64
	for c, sign := range []int{1, 0, -1} {
		part, _, err := s.gradient(ctx, dir, ofSign(batch, sign))
		if err != nil {
			return err
		}
		parts[c] = flatten(part)
	}
	right, neither, wrong := parts[0], parts[1], parts[2]
	rest := flatten(whole)
	for i := range rest {
		rest[i] -= right[i] + neither[i] + wrong[i]
	}
	rn, wn := norm(right), norm(wrong)
	return errors.Join(
		s.near("RightNorm", r.RightNorm, rn, rn),
		s.near("WrongNorm", r.WrongNorm, wn, wn),
		s.near("Cosine", r.Cosine, dot(right, wrong)/(rn*wn), 1),
		s.near("the norm of the gradient less its three parts", norm(rest), 0, rn+wn),
		s.oneSided(ctx, ofSign(batch, 1)))
}

// oneSided wants no cosine where there is nothing wrong.
func (s Subject) oneSided(ctx context.Context, right []negativa.Datum) error {
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	r, err := e.ForwardBackward(ctx, right, probe(e.Capabilities()), 1)
	if err != nil {
		return err
	}
	if r.WrongNorm != 0 || !math.IsNaN(r.Cosine) {
		return fmt.Errorf("without a wrong row WrongNorm is %v and Cosine %v, want 0 and NaN", r.WrongNorm, r.Cosine)
	}
	return nil
}

func ofSign(batch []negativa.Datum, sign int) (out []negativa.Datum) {
	for _, d := range batch {
		if d.Sign == sign {
			out = append(out, d)
		}
	}
	return out
}

// gradientsAccumulate compares two calls with one over the same rows, and wants
// nothing left after a step.
func gradientsAccumulate(ctx context.Context, s Subject, dir string) error {
	batch := s.batch()
	whole, _, err := s.gradient(ctx, dir, batch)
	if err != nil {
		return err
	}
	halves, last, err := s.gradient(ctx, dir, batch[:7], batch[7:])
	if err != nil {
		return err
	}
	alone, only, err := s.gradient(ctx, dir, batch[7:])
	if err != nil {
		return err
	}
	sum, want, second := flatten(halves), flatten(whole), flatten(alone)
	for i := range sum {
		sum[i] -= want[i]
	}
	return errors.Join(
		s.near("the norm of the difference between two calls and one", norm(sum), 0, norm(want)),
		s.near("RightNorm of the second call", last.RightNorm, only.RightNorm, norm(second)),
		s.near("WrongNorm of the second call", last.WrongNorm, only.WrongNorm, norm(second)),
		s.stepClears(ctx))
}

func (s Subject) stepClears(ctx context.Context) error {
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, e, s.batch(), 1); err != nil {
		return err
	}
	again, err := e.OptimStep(ctx, adamW)
	if err != nil {
		return err
	}
	if again.GradNorm != 0 || again.Step != 2 {
		return fmt.Errorf("a step after a step reports norm %v and number %d, want 0 and 2", again.GradNorm, again.Step)
	}
	return nil
}

// stepsAreStated compares two steps from fresh, the second with no gradient, with the
// rule in float64 applied to the gradient.
func stepsAreStated(ctx context.Context, s Subject, dir string) error {
	gradient, _, err := s.gradient(ctx, dir, s.batch())
	if err != nil {
		return err
	}
	g := flatten(gradient)
	length := norm(g)
	sgd := engine.OptimParams{Optimizer: engine.SGD, LearningRate: 0.125, WeightDecay: 0.5}
	clipped, roomy, adam := sgd, sgd, sgd
	clipped.MaxGradNorm, roomy.MaxGradNorm = length/4, length*4
	adam.Optimizer, adam.Beta1, adam.Beta2, adam.Epsilon, adam.MaxGradNorm = engine.AdamW, 0.9, 0.99, 0.25, length/4
	for _, o := range []engine.OptimParams{sgd, clipped, roomy, adam} {
		if err := s.stepsAre(ctx, dir, o, g); err != nil {
			return fmt.Errorf("%+v: %w", o, err)
		}
	}
	return nil
}

// stepped is where a weight ends after a step with gradient g and one without.
func stepped(o engine.OptimParams, theta, g float64) float64 {
	var m, v float64
	for i, g := range []float64{g, 0} {
		move := g
		if o.Optimizer == engine.AdamW {
			n := float64(i + 1)
			m = o.Beta1*m + (1-o.Beta1)*g
			v = o.Beta2*v + (1-o.Beta2)*g*g
			move = m / (1 - math.Pow(o.Beta1, n)) / (math.Sqrt(v/(1-math.Pow(o.Beta2, n))) + o.Epsilon)
		}
		theta = theta*(1-o.LearningRate*o.WeightDecay) - o.LearningRate*move
	}
	return theta
}

func (s Subject) stepsAre(ctx context.Context, dir string, o engine.OptimParams, g []float64) error {
	e, before, err := s.opened(ctx, dir)
	if err != nil {
		return err
	}
	if _, err := e.ForwardBackward(ctx, s.batch(), probe(e.Capabilities()), 1); err != nil {
		return err
	}
	update, err := e.OptimStep(ctx, o)
	if err != nil {
		return err
	}
	if _, err := e.OptimStep(ctx, o); err != nil {
		return err
	}
	after, err := s.saved(ctx, e, dir)
	if err != nil {
		return err
	}
	scale := 1.0
	if o.MaxGradNorm > 0 {
		scale = min(1, o.MaxGradNorm/(norm(g)+1e-6))
	}
	start, got := flatten(before), flatten(after)
	moved, missed := make([]float64, len(g)), make([]float64, len(g))
	for i, theta := range start {
		want := stepped(o, theta, scale*g[i])
		moved[i], missed[i] = want-theta, got[i]-want
	}
	return errors.Join(
		s.near("GradNorm", update.GradNorm, norm(g), norm(g)),
		s.near("the distance of the weights from where the rule puts them", norm(missed), 0, norm(moved)))
}
