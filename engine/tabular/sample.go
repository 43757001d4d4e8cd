package tabular

import (
	"context"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/sampling"
)

// Sample implements engine.Sampler. A completion ends at the tokens of params.Stop,
// which need not be those of the policy's Config.
func (e *Engine) Sample(ctx context.Context, requests []engine.Request, params engine.SampleParams) ([][]negativa.Rollout, error) {
	prompts, err := e.checkRequests(requests, params)
	if err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	out := make([][]negativa.Rollout, len(requests))
	s := newSampler(e.policy, params)
	for i, r := range requests {
		source := draw.New(r.Seed, "sample")
		for j := range r.N {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rollout := s.draw(prompts[i], source.At(uint64(j)))
			rollout.Sample = j
			out[i] = append(out[i], rollout)
		}
	}
	return out, nil
}

func (e *Engine) checkRequests(requests []engine.Request, params engine.SampleParams) (prompts []int, err error) {
	if err := sampling.Validate(params); err != nil {
		return nil, err
	}
	if params.MaxTokens > e.config.MaxTokens {
		return nil, fmt.Errorf("max_completion_length is %d; the policy's longest completion has %d tokens", params.MaxTokens, e.config.MaxTokens)
	}
	for i, r := range requests {
		if r.N < 1 {
			return nil, fmt.Errorf("request %d asks for %d samples; it must ask for at least one", i, r.N)
		}
		x, err := e.find(r.Prompt)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", i, err)
		}
		prompts = append(prompts, x)
	}
	return prompts, nil
}

// sampler draws completions with reused memory.
type sampler struct {
	policy   *policy
	params   engine.SampleParams
	logprobs []float64
	z        []float32 // what sampling.Draw reads: logits up to a constant
	scratch  sampling.Scratch
}

func newSampler(p *policy, params engine.SampleParams) *sampler {
	v := p.config.VocabSize
	return &sampler{policy: p, params: params, logprobs: make([]float64, v), z: make([]float32, v)}
}

func (s *sampler) draw(prompt int, source draw.Source) negativa.Rollout {
	out := negativa.Rollout{Stop: negativa.StopLength}
	state := 0
	for position := range s.params.MaxTokens {
		logSoftmax(s.logprobs, s.policy.row(prompt, state), divisor(s.params.Temperature))
		for i, lp := range s.logprobs {
			s.z[i] = float32(lp)
		}
		token, _ := sampling.Draw(s.z, s.params, source.Float64(uint64(position)), &s.scratch)
		out.Tokens = append(out.Tokens, token)
		out.Logprobs = append(out.Logprobs, s.z[token])
		if slices.Contains(s.params.Stop, token) {
			out.Stop = negativa.StopToken
			break
		}
		state = s.policy.child(state, token)
	}
	return out
}

// Logprobs implements engine.Scorer.
func (p *policy) Logprobs(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	return p.read(ctx, "score", sequences, temperature, func(places []place) (out []float32) {
		for _, at := range places {
			out = append(out, float32(at.logprobs[at.token]))
		}
		return out
	})
}

// Distributions implements engine.Distributor.
func (p *policy) Distributions(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	return p.read(ctx, "distributions", sequences, temperature, func(places []place) (out []float32) {
		for _, lp := range places[len(places)-1].logprobs {
			out = append(out, float32(lp))
		}
		return out
	})
}

// read takes something from the places of each sequence; what names it in errors.
func (p *policy) read(ctx context.Context, what string, sequences []engine.Sequence, temperature float64, take func([]place) []float32) ([][]float32, error) {
	if err := checkTemperature(temperature); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	out := make([][]float32, len(sequences))
	for i, s := range sequences {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x, err := p.check(s.Prompt, s.Completion)
		if err != nil {
			return nil, fmt.Errorf("%s: sequence %d: %w", what, i, err)
		}
		out[i] = take(p.path(x, s.Completion, divisor(temperature)))
	}
	return out, nil
}

// place is one token of a completion: where its logits lie and its log-probabilities.
type place struct {
	offset   int
	token    negativa.Token
	logprobs []float64 // V
}

// path is the places of a checked completion.
func (p *policy) path(prompt int, completion []negativa.Token, d float64) []place {
	places := make([]place, len(completion))
	state := 0
	for i, t := range completion {
		places[i] = place{p.offset(prompt, state), t, make([]float64, p.config.VocabSize)}
		logSoftmax(places[i].logprobs, p.row(prompt, state), d)
		state = p.child(state, t)
	}
	return places
}
