package tabular

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// ForwardBackward implements engine.Trainer.
func (e *Engine) ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	result, err := e.forwardBackward(ctx, batch, loss, temperature)
	if err != nil {
		clear(e.grad)
		return engine.Result{}, fmt.Errorf("train on a batch: %w", err)
	}
	return result, nil
}

func (e *Engine) forwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	if loss.Values {
		return engine.Result{}, fmt.Errorf("a value head is %w: choose an objective without a critic", engine.ErrUnsupported)
	}
	prompts, err := e.checkBatch(batch, temperature)
	if err != nil {
		return engine.Result{}, err
	}
	result := engine.Result{Evaluations: make([]negativa.Evaluation, len(batch))}
	parts := newSplit(len(e.grad))
	for _, i := range canonical(batch) {
		if err := ctx.Err(); err != nil {
			return engine.Result{}, err
		}
		d, places := &batch[i], e.path(prompts[i], batch[i].Completion, divisor(temperature))
		at, grad := evaluate(places, loss.Entropies)
		l := loss.Row(&d.Row, &at, &grad)
		if !finite(l) {
			return engine.Result{}, fmt.Errorf("the loss of row %q is %v: its log-probabilities or advantages are not finite", d.ID, l)
		}
		propagate(parts[classOf(d)], places, &grad, divisor(temperature))
		result.Loss += l
		result.Evaluations[i] = at
	}
	parts.addTo(e.grad)
	parts.into(&result, e.move())
	return result, nil
}

// The classes of rows, in the order in which they are summed.
const (
	right = iota
	wrong
	neither
	classes
)

func classOf(d *negativa.Datum) int {
	switch cmp.Compare(d.Sign, 0) {
	case +1:
		return right
	case -1:
		return wrong
	}
	return neither
}

// canonical orders rows so that sums over them do not depend on the batch's order.
func canonical(batch []negativa.Datum) []int {
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &batch[i], &batch[j]
		return cmp.Or(cmp.Compare(classOf(a), classOf(b)), cmp.Compare(a.ID, b.ID))
	})
	return order
}

// evaluate is what the policy says of a row, and zeroed room for its derivatives.
func evaluate(places []place, entropies bool) (at, grad negativa.Evaluation) {
	at.Logprobs, grad.Logprobs = make([]float64, len(places)), make([]float64, len(places))
	for i, p := range places {
		at.Logprobs[i] = p.logprobs[p.token]
	}
	if entropies {
		at.Entropies, grad.Entropies = make([]float64, len(places)), make([]float64, len(places))
		for i, p := range places {
			at.Entropies[i] = entropy(p.logprobs)
		}
	}
	return at, grad
}

// entropy is H = −Σ π ln π.
func entropy(logprobs []float64) float64 {
	h := 0.0
	for _, lp := range logprobs {
		if p := math.Exp(lp); p > 0 {
			h -= p * lp
		}
	}
	return h
}

// propagate adds a row's derivatives with respect to the logits z, at divisor d:
//
//	∂ ln π_y / ∂z_v = (1[v = y] − π_v) / d        ∂H / ∂z_v = −π_v (ln π_v + H) / d
func propagate(sum []float64, places []place, grad *negativa.Evaluation, d float64) {
	for i, p := range places {
		dz := sum[p.offset : p.offset+len(p.logprobs)]
		dlp := grad.Logprobs[i] / d
		dz[p.token] += dlp
		for v, lp := range p.logprobs {
			dz[v] -= dlp * math.Exp(lp)
		}
		if grad.Entropies == nil || grad.Entropies[i] == 0 {
			continue
		}
		dh, h := grad.Entropies[i]/d, entropy(p.logprobs)
		for v, lp := range p.logprobs {
			if q := math.Exp(lp); q > 0 {
				dz[v] -= dh * q * (lp + h)
			}
		}
	}
}

// split is the gradient of each class of rows.
type split [classes][]float64

func newSplit(n int) *split {
	return &split{make([]float64, n), make([]float64, n), make([]float64, n)}
}

func (s *split) addTo(sum []float64) {
	for _, part := range s {
		for i, g := range part {
			sum[i] += g
		}
	}
}

// into measures the two halves of the signal, the cosine between them and those of their
// descent directions with the move.
func (s *split) into(r *engine.Result, move []float64) {
	r.RightNorm, r.WrongNorm = norm(s[right]), norm(s[wrong])
	r.Cosine = cosine(s[right], s[wrong])
	r.RightMove, r.WrongMove = -cosine(s[right], move), -cosine(s[wrong], move)
}

// move is how far the logits have gone; all zero where that is not tracked.
func (e *Engine) move() []float64 {
	move := make([]float64, len(e.logits))
	for i, z := range e.start {
		move[i] = e.logits[i] - z
	}
	return move
}

// cosine is NaN where one of the two is zero.
func cosine(x, y []float64) float64 { return dot(x, y) / (norm(x) * norm(y)) }

func dot(x, y []float64) float64 {
	sum := 0.0
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func (e *Engine) checkBatch(batch []negativa.Datum, temperature float64) (prompts []int, err error) {
	if len(batch) == 0 {
		return nil, errors.New("it is empty")
	}
	if err := checkTemperature(temperature); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(batch))
	for i := range batch {
		d := &batch[i]
		if seen[d.ID] {
			return nil, fmt.Errorf("row %q appears twice: IDs must be unique within a batch", d.ID)
		}
		seen[d.ID] = true
		x, err := e.check(d.Prompt, d.Completion)
		if err := errors.Join(err, checkRow(&d.Row, len(d.Completion))); err != nil {
			return nil, fmt.Errorf("row %q: %w", d.ID, err)
		}
		prompts = append(prompts, x)
	}
	return prompts, nil
}

func checkRow(r *negativa.Row, n int) error {
	for _, s := range []struct {
		name   string
		values []float64
	}{{"behaviour", r.Behaviour}, {"reference", r.Reference}, {"advantages", r.Advantages}} {
		if s.values != nil && len(s.values) != n {
			return fmt.Errorf("%s has %d entries for %d completion tokens", s.name, len(s.values), n)
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
