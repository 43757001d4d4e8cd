package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// computationIsInvariant trains on the same rows in other orders, micro-batches and
// threads. What is saved is the same bytes; what is returned is the same bits.
func computationIsInvariant(ctx context.Context, s Subject, dir string) error {
	batch := s.batch()
	want, err := s.trained(ctx, dir, Options{Threads: 1}, batch)
	if err != nil {
		return err
	}
	shuffle := draw.New(7, "enginetest shuffle")
	for i, o := range []Options{{1, 0}, {1, 1}, {2, 5}, {7, 0}, {7, 16}} {
		order := shuffle.At(uint64(i)).Perm(len(batch))
		got, err := s.trained(ctx, dir, o, permuted(batch, order))
		if err != nil {
			return err
		}
		got.result.Evaluations = inverse(got.result.Evaluations, order)
		if err := got.same(want); err != nil {
			return fmt.Errorf("with %d threads, micro-batches of %d tokens, rows in the order %v: %w", o.Threads, o.MicroBatchTokens, order, err)
		}
	}
	return nil
}

// outcome is all that two steps of training leave behind.
type outcome struct {
	result engine.Result
	update engine.Update
	files  map[string][]byte
}

func (s Subject) trained(ctx context.Context, dir string, o Options, batch []negativa.Datum) (out outcome, err error) {
	e, err := s.New(o)
	if err != nil {
		return out, err
	}
	if out.result, out.update, err = train(ctx, e, batch, 2); err != nil {
		return out, err
	}
	out.files, err = content(ctx, e, filepath.Join(dir, "trained"))
	return out, err
}

func (o outcome) same(want outcome) error {
	a, b := o.result, want.result
	if o.update != want.update {
		return fmt.Errorf("the update is %+v, want %+v", o.update, want.update)
	}
	for _, x := range []struct {
		name      string
		got, want float64
	}{
		{"the loss", a.Loss, b.Loss},
		{"RightNorm", a.RightNorm, b.RightNorm},
		{"WrongNorm", a.WrongNorm, b.WrongNorm},
		{"Cosine", a.Cosine, b.Cosine},
		{"RightMove", a.RightMove, b.RightMove},
		{"WrongMove", a.WrongMove, b.WrongMove},
	} {
		if math.Float64bits(x.got) != math.Float64bits(x.want) {
			return fmt.Errorf("%s is %v, want %v", x.name, x.got, x.want)
		}
	}
	if !reflect.DeepEqual(a.Evaluations, b.Evaluations) {
		return errors.New("the evaluations differ")
	}
	return sameContent(o.files, want.files)
}

func permuted[T any](x []T, order []int) []T {
	out := make([]T, len(x))
	for i, from := range order {
		out[i] = x[from]
	}
	return out
}

func inverse[T any](x []T, order []int) []T {
	out := make([]T, len(x))
	for i, from := range order {
		out[from] = x[i]
	}
	return out
}

// resetIsFresh compares an engine whose optimizer was reset with one that was not: its next
// step is its first, and goes elsewhere; and with another that came to the same weights.
func resetIsFresh(ctx context.Context, s Subject, dir string) error {
	batch, saved := s.batch(), filepath.Join(dir, "saved")
	e, other, err := s.pair(Options{Threads: 2}, Options{Threads: 1})
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, e, batch, 2); err != nil {
		return err
	}
	if _, err := content(ctx, e, saved); err != nil {
		return err
	}
	var ends [3]map[string][]byte
	for i, x := range []engine.Engine{e, other, other} {
		if i > 0 {
			if err := x.Load(ctx, saved); err != nil {
				return err
			}
		}
		want := 3
		if i < 2 {
			x.ResetOptimizer()
			want = 1
		}
		_, update, err := train(ctx, x, batch, 1)
		if err != nil {
			return err
		}
		if update.Step != want {
			return fmt.Errorf("the step after the second (reset: %t) is said to be step %d, want %d", i < 2, update.Step, want)
		}
		if ends[i], err = content(ctx, x, filepath.Join(dir, "end")); err != nil {
			return err
		}
	}
	if err := sameContent(ends[1], ends[0]); err != nil {
		return fmt.Errorf("after a reset and a step from the same weights: %w", err)
	}
	if sameContent(ends[2], ends[0]) == nil {
		return errors.New("a reset changes nothing of the next step")
	}
	return nil
}

// checkpointContinues compares a run with one that was saved, loaded into an engine
// that had gone elsewhere, and continued.
func checkpointContinues(ctx context.Context, s Subject, dir string) error {
	batch, saved := s.batch(), filepath.Join(dir, "saved")
	e, other, err := s.pair(Options{Threads: 2}, Options{Threads: 1})
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, e, batch, 2); err != nil {
		return err
	}
	atSave, err := content(ctx, e, saved)
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, other, batch[1:], 1); err != nil {
		return err
	}
	if err := other.Load(ctx, saved); err != nil {
		return err
	}
	atLoad, err := content(ctx, other, filepath.Join(dir, "loaded"))
	if err != nil {
		return err
	}
	if err := sameContent(atLoad, atSave); err != nil {
		return fmt.Errorf("saved again: %w", err)
	}
	var ends [2]map[string][]byte
	for i, x := range []engine.Engine{e, other} {
		_, update, err := train(ctx, x, batch, 2)
		if err != nil {
			return err
		}
		if update.Step != 4 {
			return fmt.Errorf("two steps after the two of the checkpoint are said to be step %d, want 4", update.Step)
		}
		if ends[i], err = content(ctx, x, filepath.Join(dir, "end")); err != nil {
			return err
		}
	}
	if err := sameContent(ends[1], ends[0]); err != nil {
		return fmt.Errorf("after two more steps: %w", err)
	}
	return s.samplesAgree(ctx, e, other)
}

func (s Subject) samplesAgree(ctx context.Context, a, b engine.Engine) error {
	x, err := a.Sample(ctx, s.requests(8), s.params(1))
	if err != nil {
		return err
	}
	y, err := b.Sample(ctx, s.requests(8), s.params(1))
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(x, y) {
		return errors.New("engines with the same weights draw other samples")
	}
	return nil
}

// referenceIsFrozen trains and loads under a reference and asks it again.
func referenceIsFrozen(ctx context.Context, s Subject, dir string) error {
	e, err := s.New(Options{Threads: 2})
	if err != nil {
		return err
	}
	if err := e.Save(ctx, dir); err != nil {
		return err
	}
	var all []engine.Sequence
	for _, d := range s.batch() {
		all = append(all, engine.Sequence{Prompt: d.Prompt, Completion: d.Completion})
	}
	want, err := e.Logprobs(ctx, all, 1)
	if err != nil {
		return err
	}
	reference, err := e.Reference()
	if err != nil {
		return err
	}
	asks := func(when string, scorer engine.Scorer, same bool) error {
		got, err := scorer.Logprobs(ctx, all, 1)
		if err == nil && slices.EqualFunc(got, want, slices.Equal[[]float32]) != same {
			err = fmt.Errorf("%s: log-probs are those of the start: %v, want %v", when, !same, same)
		}
		return err
	}
	err = asks("the reference as it is made", reference, true)
	if _, _, trainErr := train(ctx, e, s.batch(), 1); trainErr != nil {
		return trainErr
	}
	err = errors.Join(err, asks("the reference after a step", reference, true), asks("the engine after a step", e, false))
	if loadErr := e.Load(ctx, dir); loadErr != nil {
		return loadErr
	}
	return errors.Join(err, asks("the reference after a load", reference, true), asks("the engine after a load", e, true))
}
