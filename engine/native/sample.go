package native

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/sampling"
)

// Sample implements engine.Sampler. A prompt is computed once for its samples; a sample
// that ends makes room for one that waits.
func (e *Engine) Sample(ctx context.Context, requests []engine.Request, params engine.SampleParams) ([][]negativa.Rollout, error) {
	return e.sample(ctx, requests, params, nil)
}

// Generate draws one completion and hands over each token as it is drawn: the first sample
// that Sample draws with the same seed.
func (e *Engine) Generate(ctx context.Context, prompt []negativa.Token, params engine.SampleParams, seed uint64, each func(negativa.Token)) (negativa.Rollout, error) {
	out, err := e.sample(ctx, []engine.Request{{Prompt: prompt, N: 1, Seed: seed}}, params, each)
	if err != nil {
		return negativa.Rollout{}, err
	}
	return out[0][0], nil
}

func (e *Engine) sample(ctx context.Context, requests []engine.Request, params engine.SampleParams, each func(negativa.Token)) ([][]negativa.Rollout, error) {
	if err := e.checkRequests(requests, params); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	out := make([][]negativa.Rollout, len(requests))
	for i, r := range requests {
		out[i] = make([]negativa.Rollout, r.N)
	}
	decoders, threads, lanes := e.crew()
	q := &queue{model: e.model, options: e.options, requests: requests, params: params, out: out, lanes: lanes, each: each}
	q.fill(decoders)
	kernel.Parallel(decoders, decoders, func(int) {
		d := <-e.decoders
		d.run(ctx, q, threads)
		e.decoders <- d
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if q.poisoned.Load() {
		return nil, fmt.Errorf("sample: %w", e.model.notFinite())
	}
	return out, nil
}

// inCache is the size of weights, in numbers, up to which each thread decodes samples of
// its own: it has the weights in cache. Larger ones are read once for all samples, by
// all threads together.
const inCache = 8 << 20

// Samples that a decoder draws at once, at most: beyond them, products gain no speed. Of
// small models their keys and values, too, are to stay in cache from step to step.
const (
	lanesInCache = 32
	lanesBeyond  = 192
)

// crew is how many decoders work side by side, with how many threads and lanes each.
func (e *Engine) crew() (decoders, threads, lanes int) {
	if len(e.model.arena) > inCache {
		return 1, e.options.Threads, lanesBeyond
	}
	return e.options.Threads, 1, lanesInCache
}

func (e *Engine) checkRequests(requests []engine.Request, params engine.SampleParams) error {
	if err := sampling.Validate(params); err != nil {
		return err
	}
	longest := make([]negativa.Token, params.MaxTokens)
	for i, r := range requests {
		if r.N < 1 {
			return fmt.Errorf("request %d asks for %d samples; it must ask for at least one", i, r.N)
		}
		if err := e.model.check(r.Prompt, longest); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
	}
	return nil
}

// queue hands samples to decoders.
type queue struct {
	model    *model
	options  Options
	requests []engine.Request
	params   engine.SampleParams
	out      [][]negativa.Rollout
	lanes    int                  // of a decoder, at most
	each     func(negativa.Token) // is told of every token; nil: nobody is

	fair     int // lanes that no decoder needs more of: its share of all samples
	jobs     []job
	next     atomic.Int64
	poisoned atomic.Bool // a log-probability was not finite
}

// job is some of one request's samples: sample indices from … to−1.
type job struct{ request, from, to int }

// fill cuts requests of many samples, so that no decoder is left with a large one alone.
func (q *queue) fill(decoders int) {
	total := 0
	for _, r := range q.requests {
		total += r.N
	}
	q.fair = (total + decoders - 1) / decoders
	size := (total + 4*decoders - 1) / (4 * decoders)
	for i, r := range q.requests {
		for from := 0; from < r.N; from += size {
			q.jobs = append(q.jobs, job{i, from, min(from+size, r.N)})
		}
	}
}

// take returns the next job, if there is one.
func (q *queue) take() (j job, ok bool) {
	i := q.next.Add(1) - 1
	if i >= int64(len(q.jobs)) {
		return job{}, false
	}
	return q.jobs[i], true
}
