package enginetest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// gradientIsDerivative compares the gradient of every tensor with differences of the
// engine's own loss: along the gradient, along a random direction, and along the
// coordinates of its largest and its median entry.
func gradientIsDerivative(ctx context.Context, s Subject, dir string) error {
	batch := s.batch()
	gradient, result, err := s.gradient(ctx, dir, batch)
	if err != nil {
		return err
	}
	e, weights, err := s.opened(ctx, dir)
	if err != nil {
		return err
	}
	l := landscape{s, e, dir, weights, batch}
	bound := l.bound(result)
	for i, g := range gradient {
		if !(norm(g.values) > 4*bound) {
			return fmt.Errorf("the gradient of %s has norm %.3g, too small to be told from noise of %.3g", g.stored.Name, norm(g.values), bound)
		}
		if err := l.compare(ctx, i, g.values, bound); err != nil {
			return fmt.Errorf("the gradient of %s: %w", g.stored.Name, err)
		}
	}
	return nil
}

// direction is a unit vector in the space of one tensor.
type direction struct {
	name string
	unit []float64
}

func directions(g []float64, seed uint64) []direction {
	random := make([]float64, len(g))
	order := make([]int, len(g))
	for i := range g {
		random[i] = draw.New(seed, "enginetest direction").Normal(uint64(i))
		order[i] = i
	}
	out := []direction{{"itself", unit(g)}, {"a random direction", unit(random)}}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(math.Abs(g[i]), math.Abs(g[j])), cmp.Compare(i, j))
	})
	for _, i := range []int{order[len(order)-1], order[len(order)/2]} {
		axis := make([]float64, len(g))
		axis[i] = 1
		out = append(out, direction{fmt.Sprintf("coordinate %d", i), axis})
	}
	return out
}

func unit(x []float64) []float64 {
	out, n := make([]float64, len(x)), norm(x)
	for i := range x {
		out[i] = x[i] / n
	}
	return out
}

// landscape is the loss as a function of the weights.
type landscape struct {
	subject Subject
	engine  engine.Engine
	dir     string
	weights []tensor
	batch   []negativa.Datum
}

// compare holds the gradient of one tensor against slopes, and leaves the folder as it
// was.
func (l landscape) compare(ctx context.Context, i int, gradient []float64, bound float64) error {
	for _, d := range directions(gradient, uint64(i)) {
		got := dot(gradient, d.unit)
		want, err := l.slope(ctx, i, d.unit)
		if err != nil {
			return err
		}
		if !(math.Abs(got-want) <= bound) {
			return fmt.Errorf("along %s it is %.9g, differences of the loss give %.9g ± %.3g", d.name, got, want, bound)
		}
	}
	return replace(l.dir, l.weights, i, l.weights[i].values)
}

// slope is the derivative of the loss along a direction in one tensor, by the
// five-point rule:
//
//	f' = (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h + O(h⁴ f⁽⁵⁾/30)
func (l landscape) slope(ctx context.Context, i int, direction []float64) (float64, error) {
	h, sum := l.subject.stepSize(), 0.0
	for _, point := range []struct{ at, coefficient float64 }{{1, 8}, {-1, -8}, {2, -1}, {-2, 1}} {
		loss, err := l.at(ctx, i, direction, point.at*h)
		if err != nil {
			return 0, err
		}
		sum += point.coefficient * loss
	}
	return sum / (12 * h), nil
}

func (l landscape) at(ctx context.Context, i int, direction []float64, distance float64) (float64, error) {
	moved := slices.Clone(l.weights[i].values)
	for j, d := range direction {
		moved[j] += distance * d
	}
	if err := replace(l.dir, l.weights, i, moved); err != nil {
		return 0, err
	}
	if err := l.engine.Load(ctx, l.dir); err != nil {
		return 0, err
	}
	result, err := l.engine.ForwardBackward(ctx, l.batch, flat(probe(l.engine.Capabilities())), 1)
	return result.Loss, err
}

// stepSize balances the two errors of slope, h⁴ f⁽⁵⁾/30 from the rule and noise/h from
// rounding. An eighth allows for fifth derivatives of some 10⁵, which a transformer has
// along its own gradient; the rule's error is then below that of rounding.
func (s Subject) stepSize() float64 { return math.Pow(s.Noise, 0.2) / 8 }

// bound is how far slope may be off. Rounding moves each log-probability by the noise,
// and the loss by that times ∂L/∂lp: independent errors add up as squares. The rule
// multiplies the loss's error by at most (8+8+1+1)/12h; six standard deviations leave
// no room for chance, and as much again is for the rule's own error.
func (l landscape) bound(r engine.Result) float64 {
	squares := 0.0
	for i, at := range r.Evaluations {
		grad := negativa.Evaluation{Logprobs: make([]float64, len(at.Logprobs)), Entropies: make([]float64, len(at.Logprobs)), Values: make([]float64, len(at.Logprobs))}
		probe(l.engine.Capabilities()).Row(&l.batch[i].Row, &at, &grad)
		squares += dot(grad.Logprobs, grad.Logprobs) + dot(grad.Entropies, grad.Entropies) + dot(grad.Values, grad.Values)
	}
	return 2 * 6 * 1.5 * l.subject.Noise * math.Sqrt(squares) / l.subject.stepSize()
}
