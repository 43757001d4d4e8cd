package eval

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
)

// Completion is one that somebody else's sampler drew.
type Completion struct {
	Text         string
	FinishReason string // in the sampler's words
	Stop         negativa.StopReason
	Tokens       int // stop token included; 0: not known
}

// Ask draws at least one and at most n completions of a problem. It may ask again on its
// own; an error is its last word on these samples.
type Ask func(ctx context.Context, p negativa.Problem, n int, seed uint64) ([]Completion, error)

// Hopeless marks an error of Ask after which no other problem can be asked either.
type Hopeless struct{ error }

// NewHopeless marks an error.
func NewHopeless(err error) error { return Hopeless{err} }

// Unwrap is the error that is marked.
func (h Hopeless) Unwrap() error { return h.error }

// Collection draws N samples of each problem from a sampler that can fail: it asks for
// what a Store does not have, grades what comes, and keeps it at once.
type Collection struct {
	N           int // samples a problem, ≥ 1; their generation ids are 0 … N−1
	PerRequest  int // samples asked for at a time, ≥ 1
	Concurrency int // requests at a time, ≥ 1
	Seed        uint64
	Ask         Ask
	Grade       func(p negativa.Problem, text string) negativa.Verdict
	Each        func(samples int) // told how many samples have come, one call at a time; nil: nobody is
}

// patience is how many requests in a row may fail before the rest is not asked.
const patience = 8

// request asks for some of a problem's samples.
type request struct {
	problem negativa.Problem
	ids     []int
}

// collecting is a Collection at work.
type collecting struct {
	Collection
	store *Store
	stop  context.CancelCauseFunc

	mu     sync.Mutex
	inARow int
	causes map[string]error // by question, the last failure
}

// Into draws what store lacks. A request that fails does not stop the others, unless it
// is Hopeless or one of many in a row; but at the end each sample must be there, or an
// error lists the questions that lack some, and why. The same call again asks for those.
func (c Collection) Into(ctx context.Context, store *Store, problems []negativa.Problem) error {
	within, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := &collecting{Collection: c, store: store, stop: stop, causes: map[string]error{}}
	requests := make(chan request)
	var workers sync.WaitGroup
	for range c.Concurrency {
		workers.Go(func() {
			for r := range requests {
				w.serve(within, r)
			}
		})
	}
	w.feed(within, requests, problems)
	close(requests)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("collect samples: %w", err)
	}
	return w.complete(problems, context.Cause(within))
}

func (w *collecting) feed(ctx context.Context, requests chan<- request, problems []negativa.Problem) {
	for _, p := range problems {
		missing := w.store.Missing(p.ID, w.N)
		for from := 0; from < len(missing); from += w.PerRequest {
			ids := missing[from:min(from+w.PerRequest, len(missing))]
			select {
			case requests <- request{p, ids}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// serve asks until all samples of a request are there. One that comes with fewer is
// asked again for the rest.
func (w *collecting) serve(ctx context.Context, r request) {
	for len(r.ids) > 0 && ctx.Err() == nil {
		completions, err := w.Ask(ctx, r.problem, len(r.ids), w.seed(r))
		if err == nil && len(completions) == 0 {
			err = errors.New("the answer has no completion")
		}
		if err != nil {
			w.failed(r, err)
			return
		}
		completions = completions[:min(len(completions), len(r.ids))]
		if err := w.keep(r, completions); err != nil {
			w.stop(err)
			return
		}
		r.ids = r.ids[len(completions):]
	}
}

// seed depends on the question and the first sample asked for, so that what is asked for
// again is not drawn again. Some servers read no more than 31 bits.
func (w *collecting) seed(r request) uint64 {
	return draw.New(w.Seed, "endpoint").Named(r.problem.ID).Uint64(uint64(r.ids[0])) >> 33
}

func (w *collecting) keep(r request, completions []Completion) error {
	samples := make([]Sample, len(completions))
	for i, completion := range completions {
		verdict := w.Grade(r.problem, completion.Text)
		samples[i] = newSample(r.problem, negativa.Rollout{Sample: r.ids[i], Text: completion.Text, Stop: completion.Stop, Verdict: verdict})
		samples[i].FinishReason, samples[i].Tokens, samples[i].LogprobSum = completion.FinishReason, completion.Tokens, nil
	}
	if err := w.store.Append(samples); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inARow = 0
	if w.Each != nil {
		w.Each(len(samples))
	}
	return nil
}

func (w *collecting) failed(r request, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return
	}
	w.causes[r.problem.ID] = err
	w.inARow++
	if _, ok := errors.AsType[Hopeless](err); ok {
		w.stop(err)
	} else if w.inARow == patience {
		w.stop(fmt.Errorf("%d requests in a row failed, the last with: %w", patience, err))
	}
}

// complete is the error that lists what is missing.
func (w *collecting) complete(problems []negativa.Problem, cause error) error {
	const shown = 10
	missing, questions := 0, 0
	var list []string
	for _, p := range problems {
		ids := w.store.Missing(p.ID, w.N)
		if len(ids) == 0 {
			continue
		}
		missing += len(ids)
		if questions++; questions <= shown {
			list = append(list, describe(p.ID, ids, w.causes[p.ID]))
		}
	}
	switch {
	case missing == 0:
		return nil
	case questions > shown:
		list = append(list, fmt.Sprintf("and of %d more questions", questions-shown))
	}
	err := fmt.Errorf("%d of %d samples are missing:\n  %s\nthe others are kept in %s: the same command again asks for these",
		missing, w.N*len(problems), strings.Join(list, "\n  "), w.store.path)
	if cause != nil {
		return fmt.Errorf("%w\n%w", cause, err)
	}
	return err
}

// describe names the samples that a question lacks.
func describe(question string, ids []int, cause error) string {
	text := fmt.Sprintf("question %q: %s", question, ranges(ids))
	if cause != nil {
		text += fmt.Sprintf(" (%v)", cause)
	}
	return text
}

// ranges writes ascending numbers as 0-3, 7, 9-12.
func ranges(ids []int) string {
	var out []string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		part := strconv.Itoa(ids[i])
		if j > i {
			part += "-" + strconv.Itoa(ids[j])
		}
		out = append(out, part)
		i = j + 1
	}
	return strings.Join(out, ", ")
}
