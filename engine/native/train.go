package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// ForwardBackward implements engine.Trainer.
func (e *Engine) ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	result, err := e.forwardBackward(ctx, batch, loss, temperature)
	if err != nil {
		e.grads.clear()
		return engine.Result{}, fmt.Errorf("train on a batch: %w", err)
	}
	return result, nil
}

func (e *Engine) forwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	if err := e.checkBatch(batch, temperature); err != nil {
		return engine.Result{}, err
	}
	if e.stale {
		e.model.packBackward(&e.backward, e.options.Threads)
		e.stale = false
	}
	result := engine.Result{Evaluations: make([]negativa.Evaluation, len(batch))}
	now := e.gradientNow()
	parts := split{start: now}
	order := canonical(batch)
	for _, class := range []struct {
		sign  int
		after *[]float32
	}{{+1, &parts.right}, {0, &parts.neither}, {-1, &parts.wrong}} {
		var rows []int
		for _, i := range order {
			if cmp.Compare(batch[i].Sign, 0) == class.sign {
				rows = append(rows, i)
			}
		}
		if err := e.accumulate(ctx, batch, rows, loss, temperature, &result); err != nil {
			return engine.Result{}, err
		}
		if len(rows) > 0 {
			now = e.gradientNow()
		}
		*class.after = now
	}
	result.RightNorm, result.WrongNorm, result.Cosine = parts.norms()
	return result, nil
}

// canonical orders rows so that sums over them do not depend on the batch's order.
func canonical(batch []negativa.Datum) []int {
	order := make([]int, len(batch))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(batch[i].ID, batch[j].ID) })
	return order
}

func (e *Engine) gradientNow() []float32 {
	g := make([]float32, len(e.grads.arena))
	e.grads.sum(g)
	return g
}

func (e *Engine) checkBatch(batch []negativa.Datum, temperature float64) error {
	if len(batch) == 0 {
		return errors.New("it is empty")
	}
	if err := checkTemperature(temperature); err != nil {
		return err
	}
	seen := make(map[string]bool, len(batch))
	for i := range batch {
		d := &batch[i]
		if seen[d.ID] {
			return fmt.Errorf("row %q appears twice: IDs must be unique within a batch", d.ID)
		}
		seen[d.ID] = true
		if err := errors.Join(e.model.check(d.Prompt, d.Completion), checkRow(&d.Row, len(d.Completion))); err != nil {
			return fmt.Errorf("row %q: %w", d.ID, err)
		}
	}
	return nil
}

func checkRow(r *negativa.Row, n int) error {
	for _, s := range []struct {
		name   string
		values []float64
	}{{"behaviour", r.Behaviour}, {"reference", r.Reference}, {"advantages", r.Advantages}, {"returns", r.Returns}, {"values", r.Values}} {
		if s.values != nil && len(s.values) != n {
			return fmt.Errorf("%s has %d entries for %d completion tokens", s.name, len(s.values), n)
		}
	}
	return nil
}

// accumulate adds the gradient of some rows, a micro-batch at a time.
func (e *Engine) accumulate(ctx context.Context, batch []negativa.Datum, rows []int, loss negativa.Loss, temperature float64, result *engine.Result) error {
	a := &e.batch
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		a.reset()
		n := 0
		for ; n < len(rows); n++ {
			d := &batch[rows[n]]
			if !a.fits(len(d.Prompt)+len(d.Completion)-1, e.options.MicroBatchTokens) {
				break
			}
			a.add(d.Prompt, d.Completion)
		}
		if err := e.microBatch(batch, rows[:n], loss, temperature, result); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// microBatch is one forward and one backward pass over the rows in e.batch.
func (e *Engine) microBatch(batch []negativa.Datum, rows []int, loss negativa.Loss, temperature float64, result *engine.Result) error {
	a, f := &e.batch, &e.flow
	e.model.evaluate(a, temperature, loss.Entropies || loss.Values, e.options.Threads)
	f.size(e.model.config, len(a.tokens), a.targets)
	losses := make([]float64, len(rows))
	kernel.Parallel(e.options.Threads, len(rows), func(i int) {
		losses[i] = askLoss(&batch[rows[i]].Row, loss, a, f, a.sequences[i], &result.Evaluations[rows[i]])
	})
	for i, l := range losses {
		if !finite(l) {
			return fmt.Errorf("the loss of row %q is %v: its log-probabilities or advantages are not finite", batch[rows[i]].ID, l)
		}
		result.Loss += l
	}
	if !anyNonZero(f.logprob) && !anyNonZero(f.entropy) && !anyNonZero(f.value) {
		return nil
	}
	e.model.propagate(a, f, &e.backward, divisor(temperature), e.options.Threads)
	e.grads.accumulate(a, f, e.options.Threads)
	return nil
}

// askLoss evaluates one row and stores its derivatives in the flow.
func askLoss(row *negativa.Row, loss negativa.Loss, a *activations, f *flows, s span, at *negativa.Evaluation) float64 {
	from, to := s.firstTarget, s.endTarget()
	at.Logprobs = make([]float64, s.targets)
	for i, lp := range a.logprobs[from:to] {
		at.Logprobs[i] = float64(lp)
	}
	grad := negativa.Evaluation{Logprobs: f.logprob[from:to]}
	if loss.Entropies {
		at.Entropies, grad.Entropies = slices.Clone(a.entropy[from:to]), f.entropy[from:to]
	}
	if loss.Values {
		at.Values, grad.Values = slices.Clone(a.values[from:to]), f.value[from:to]
	}
	return loss.Row(row, at, &grad)
}

func anyNonZero(x []float64) bool {
	return slices.ContainsFunc(x, func(v float64) bool { return v != 0 })
}
