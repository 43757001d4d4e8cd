package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// ForwardBackward implements engine.Trainer.
func (e *Engine) ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	result, err := e.forwardBackward(ctx, batch, loss, temperature)
	if err != nil {
		if e.learner != nil {
			e.learner.grads.clear()
		}
		return engine.Result{}, fmt.Errorf("train on a batch: %w", err)
	}
	return result, nil
}

func (e *Engine) forwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	if err := e.checkBatch(batch, temperature); err != nil {
		return engine.Result{}, err
	}
	l, err := e.training()
	if err != nil {
		return engine.Result{}, err
	}
	l.split.start, l.split.now = e.start, e.model.trained().arena
	return l.learn(ctx, batch, loss, temperature)
}

// training returns what training needs and sampling does not, which the first use makes.
func (e *Engine) training() (*learner, error) {
	if e.learner == nil {
		advice := "choose a smaller model, fewer micro_batch_tokens, or gradient_checkpointing"
		if err := e.model.trainable(); err != nil {
			return nil, err
		}
		if err := afford(e.model.config.toTrain(e.options, int64(len(e.model.trained().arena))), advice); err != nil {
			return nil, err
		}
		e.learner = newLearner(e.scorer)
	}
	return e.learner, nil
}

func (e *Engine) checkBatch(batch []negativa.Datum, temperature float64) error {
	if len(batch) == 0 {
		return errors.New("it is empty")
	}
	if err := checkTemperature(temperature); err != nil {
		return err
	}
	clear(e.seen)
	for i := range batch {
		d := &batch[i]
		if e.seen[d.ID] {
			return fmt.Errorf("row %q appears twice: IDs must be unique within a batch", d.ID)
		}
		e.seen[d.ID] = true
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
