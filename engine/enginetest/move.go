package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// partsAlongMove compares the cosines that a tracked engine reports with those of what
// its weights show: the move, and each part of the gradient alone.
func partsAlongMove(ctx context.Context, s Subject, dir string) error {
	e, start, err := s.opened(ctx, filepath.Join(dir, "start"))
	if err != nil {
		return err
	}
	if _, ok := e.(engine.MoveTracker); !ok {
		return nil
	}
	batch, saved := s.batch(), filepath.Join(dir, "moved")
	if err := errors.Join(untracked(ctx, e, batch), track(e)); err != nil {
		return err
	}
	first, _, err := train(ctx, e, batch, 2)
	if err != nil {
		return err
	}
	moved, err := s.saved(ctx, e, saved)
	if err != nil {
		return err
	}
	r, err := e.ForwardBackward(ctx, batch, probe(e.Capabilities()), 1)
	if err != nil {
		return err
	}
	move := flatten(moved)
	for i, theta := range flatten(start) {
		move[i] -= theta
	}
	right, err := s.cosineWith(ctx, move, saved, filepath.Join(dir, "right"), ofSign(batch, 1))
	if err != nil {
		return err
	}
	wrong, err := s.cosineWith(ctx, move, saved, filepath.Join(dir, "wrong"), ofSign(batch, -1))
	if err != nil {
		return err
	}
	return errors.Join(
		unequal("the cosines of the second step and of a third", first.RightMove, r.RightMove),
		s.near("RightMove", r.RightMove, -right, 1),
		s.near("WrongMove", r.WrongMove, -wrong, 1),
		s.startStays(ctx, saved, r))
}

func track(e engine.Engine) error {
	start, err := e.Reference()
	if err != nil {
		return err
	}
	return e.(engine.MoveTracker).TrackMove(start)
}

// untracked wants no cosine of an engine that was not asked, or that has not moved, and a
// start that is no reference of it refused.
func untracked(ctx context.Context, e engine.Engine, batch []negativa.Datum) error {
	if e.(engine.MoveTracker).TrackMove(e) == nil {
		return errors.New("TrackMove takes what is no reference")
	}
	for _, prepare := range []func(engine.Engine) error{func(engine.Engine) error { return nil }, track} {
		if err := prepare(e); err != nil {
			return err
		}
		r, err := e.ForwardBackward(ctx, batch, probe(e.Capabilities()), 1)
		if err != nil {
			return err
		}
		if !math.IsNaN(r.RightMove) || !math.IsNaN(r.WrongMove) {
			return fmt.Errorf("without a move RightMove is %v and WrongMove %v, want NaN", r.RightMove, r.WrongMove)
		}
	}
	_, err := e.OptimStep(ctx, engine.OptimParams{Optimizer: engine.SGD}) // forgets the gradient
	return err
}

// cosineWith is that of a batch's gradient at saved weights with the move.
func (s Subject) cosineWith(ctx context.Context, move []float64, saved, dir string, batch []negativa.Datum) (float64, error) {
	e, err := s.New(Options{})
	if err != nil {
		return 0, err
	}
	if err := e.Load(ctx, saved); err != nil {
		return 0, err
	}
	before, err := s.saved(ctx, e, dir)
	if err != nil {
		return 0, err
	}
	gradient, _, err := s.readout(ctx, e, before, dir, batch)
	g := flatten(gradient)
	return dot(g, move) / (norm(g) * norm(move)), err
}

// startStays wants the same bits of an engine that was tracked at the start and loaded the
// moved weights, with other threads and micro-batches.
func (s Subject) startStays(ctx context.Context, saved string, want engine.Result) error {
	e, err := s.New(Options{Threads: 3, MicroBatchTokens: 1})
	if err != nil {
		return err
	}
	if err := errors.Join(track(e), e.Load(ctx, saved)); err != nil {
		return err
	}
	r, err := e.ForwardBackward(ctx, s.batch(), probe(e.Capabilities()), 1)
	if err == nil && (r.RightMove != want.RightMove || r.WrongMove != want.WrongMove) {
		err = fmt.Errorf("after a load the cosines with the move are %v and %v, want %v and %v", r.RightMove, r.WrongMove, want.RightMove, want.WrongMove)
	}
	return err
}

func unequal(name string, a, b float64) error {
	if a == b || math.IsNaN(a) {
		return fmt.Errorf("%s are %v and %v, want two numbers", name, a, b)
	}
	return nil
}

// distributionsAreWhole wants probabilities that add up to one, and of every token the
// log-probability that Logprobs gives it in that place.
func distributionsAreWhole(ctx context.Context, s Subject, _ string) error {
	e, other, err := s.pair(Options{Threads: 2}, Options{Threads: 1, MicroBatchTokens: 1})
	if err != nil {
		return err
	}
	d, ok := e.(engine.Distributor)
	if !ok {
		return nil
	}
	var asked, all []engine.Sequence
	for _, row := range s.batch() {
		asked = append(asked, engine.Sequence{Prompt: row.Prompt, Completion: row.Completion})
		for v := range s.VocabSize {
			completion := slices.Clone(row.Completion)
			completion[len(completion)-1] = negativa.Token(v)
			all = append(all, engine.Sequence{Prompt: row.Prompt, Completion: completion})
		}
	}
	const temperature = 0.7
	got, err := d.Distributions(ctx, asked, temperature)
	if err != nil {
		return err
	}
	lps, err := other.Logprobs(ctx, all, temperature)
	if err != nil {
		return err
	}
	want := make([][]float32, len(asked))
	for i := range lps {
		want[i/s.VocabSize] = append(want[i/s.VocabSize], lps[i][len(lps[i])-1])
	}
	for i, distribution := range got {
		sum := 0.0
		for _, lp := range distribution {
			sum += math.Exp(float64(lp))
		}
		if math.Abs(sum-1) > 1e-5 {
			return fmt.Errorf("distribution %d adds up to %v", i, sum)
		}
	}
	if _, err := d.Distributions(ctx, []engine.Sequence{{Prompt: s.Prompts[0]}}, 1); err == nil {
		return errors.New("a sequence without a last token has a distribution")
	}
	return sameBits(got, want, "Distributions")
}
