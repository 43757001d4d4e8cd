package enginetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// logprobsAreRecomputed compares bit for bit what Sample records with what Logprobs
// and ForwardBackward say of the same tokens, on engines that compute otherwise.
func logprobsAreRecomputed(ctx context.Context, s Subject, _ string) error {
	e, other, err := s.pair(Options{Threads: 2}, Options{Threads: 1, MicroBatchTokens: 1})
	if err != nil {
		return err
	}
	cut := s.params(1)
	cut.TopK, cut.TopP, cut.MinP = 3, 0.9, 0.05
	for _, c := range []struct {
		temperature float64
		params      engine.SampleParams
	}{{1, s.params(1)}, {0.6, s.params(1)}, {1.7, s.params()}, {0.8, cut}, {0, s.params(1)}} {
		c.params.Temperature = c.temperature
		requests := s.requests(6)
		groups, err := e.Sample(ctx, requests, c.params)
		if err != nil {
			return err
		}
		drawn, recorded := sequences(requests, groups)
		again, err := other.Logprobs(ctx, drawn, c.temperature)
		if err != nil {
			return err
		}
		trained, err := evaluated(ctx, other, drawn, c.temperature)
		if err != nil {
			return err
		}
		if err := errors.Join(sameBits(recorded, again, "Logprobs"), sameBits(recorded, trained, "ForwardBackward")); err != nil {
			return fmt.Errorf("at temperature %v: %w", c.temperature, err)
		}
	}
	return nil
}

func (s Subject) pair(a, b Options) (x, y engine.Engine, err error) {
	if x, err = s.New(a); err != nil {
		return nil, nil, err
	}
	y, err = s.New(b)
	return x, y, err
}

// evaluated is what ForwardBackward says of sequences.
func evaluated(ctx context.Context, e engine.Engine, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	var batch []negativa.Datum
	for i, q := range sequences {
		batch = append(batch, negativa.Datum{ID: fmt.Sprint(i), Prompt: q.Prompt, Completion: q.Completion})
	}
	result, err := e.ForwardBackward(ctx, batch, zero(engine.Capabilities{}), temperature)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(batch))
	for i, at := range result.Evaluations {
		for _, lp := range at.Logprobs {
			out[i] = append(out[i], float32(lp))
		}
	}
	return out, nil
}

func sameBits(sampled, again [][]float32, by string) error {
	for i := range sampled {
		if len(again[i]) != len(sampled[i]) {
			return fmt.Errorf("sequence %d: %s gives %d log-probs of %d tokens", i, by, len(again[i]), len(sampled[i]))
		}
		for t, lp := range sampled[i] {
			if math.Float32bits(lp) != math.Float32bits(again[i][t]) {
				return fmt.Errorf("sequence %d token %d: sampled at %v, %s gives %v", i, t, lp, by, again[i][t])
			}
		}
	}
	return nil
}

// firstLogprobs scores every token of the vocabulary as the first one after a prompt.
func (s Subject) firstLogprobs(ctx context.Context, e engine.Scorer, prompt []negativa.Token) ([]float64, error) {
	var all []engine.Sequence
	for v := range s.VocabSize {
		all = append(all, engine.Sequence{Prompt: prompt, Completion: []negativa.Token{negativa.Token(v)}})
	}
	scored, err := e.Logprobs(ctx, all, 1)
	if err != nil {
		return nil, err
	}
	out := make([]float64, s.VocabSize)
	for v := range out {
		out[v] = float64(scored[v][0])
	}
	return out, nil
}

// drawsFollowLogprobs tests the first token of many samples against exp(log-prob) by
// Pearson's χ², tokens expected fewer than five times taken together.
func drawsFollowLogprobs(ctx context.Context, s Subject, _ string) error {
	const n = 4000
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	params := s.params()
	params.MaxTokens = 1
	requests := s.requests(n)
	groups, err := e.Sample(ctx, requests, params)
	if err != nil {
		return err
	}
	for i, r := range requests {
		logprobs, err := s.firstLogprobs(ctx, e, r.Prompt)
		if err != nil {
			return err
		}
		counts := make([]float64, s.VocabSize)
		for _, rollout := range groups[i] {
			counts[rollout.Tokens[0]]++
		}
		if err := follows(counts, logprobs, n); err != nil {
			return fmt.Errorf("after prompt %v: %w", r.Prompt, err)
		}
	}
	return nil
}

func follows(counts, logprobs []float64, n float64) error {
	const atLeast = 5
	total, chi2, cells := 0.0, 0.0, 0.0
	var restSeen, restExpected float64
	cell := func(seen, expected float64) {
		chi2 += (seen - expected) * (seen - expected) / expected
		cells++
	}
	for v, lp := range logprobs {
		p := math.Exp(lp)
		total += p
		if n*p < atLeast {
			restSeen, restExpected = restSeen+counts[v], restExpected+n*p
		} else {
			cell(counts[v], n*p)
		}
	}
	if restExpected > 0 {
		cell(restSeen, max(restExpected, 1))
	}
	// χ² has mean cells−1 and variance 2(cells−1).
	if limit := cells - 1 + 6*math.Sqrt(2*cells); chi2 > limit {
		return fmt.Errorf("the frequencies of %v draws have χ² = %.1f from their probabilities, want ≤ %.1f", n, chi2, limit)
	}
	if math.Abs(total-1) > 1e-5 {
		return fmt.Errorf("the probabilities of all tokens add up to %v", total)
	}
	return nil
}

// cutsLeaveLikeliest draws under each cut and looks for tokens that it removes.
func cutsLeaveLikeliest(ctx context.Context, s Subject, _ string) error {
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	requests := s.requests(200)
	for i, r := range requests {
		logprobs, err := s.firstLogprobs(ctx, e, r.Prompt)
		if err != nil {
			return err
		}
		ranked := make([]negativa.Token, s.VocabSize)
		for v := range ranked {
			ranked[v] = negativa.Token(v)
		}
		slices.SortFunc(ranked, func(a, b negativa.Token) int {
			return cmp.Or(cmp.Compare(logprobs[b], logprobs[a]), cmp.Compare(a, b))
		})
		top, second := math.Exp(logprobs[ranked[0]]), math.Exp(logprobs[ranked[1]])
		for _, c := range []struct {
			name string
			keep int
			set  func(*engine.SampleParams)
		}{
			{"temperature 0", 1, func(p *engine.SampleParams) { p.Temperature = 0 }},
			{"top_k 1", 1, func(p *engine.SampleParams) { p.TopK = 1 }},
			{"top_k 2", 2, func(p *engine.SampleParams) { p.TopK = 2 }},
			{"top_p half the likeliest", 1, func(p *engine.SampleParams) { p.TopP = top / 2 }},
			{"top_p above the likeliest", 2, func(p *engine.SampleParams) { p.TopP = top + second/2 }},
			{"min_p above the second", 1, func(p *engine.SampleParams) { p.MinP = (1 + second/top) / 2 }},
		} {
			if err := leaves(ctx, e, requests[i], s.params(), c.set, ranked[:c.keep]); err != nil {
				return fmt.Errorf("%s after prompt %v: %w", c.name, r.Prompt, err)
			}
		}
	}
	return nil
}

// leaves wants the kept tokens, each of them, and no other.
func leaves(ctx context.Context, e engine.Engine, r engine.Request, params engine.SampleParams, set func(*engine.SampleParams), kept []negativa.Token) error {
	params.MaxTokens = 1
	set(&params)
	groups, err := e.Sample(ctx, []engine.Request{r}, params)
	if err != nil {
		return err
	}
	var seen []negativa.Token
	for _, rollout := range groups[0] {
		seen = append(seen, rollout.Tokens[0])
	}
	slices.Sort(seen)
	want := slices.Sorted(slices.Values(kept))
	if got := slices.Compact(seen); !slices.Equal(got, want) {
		return fmt.Errorf("tokens %v were drawn, want %v", got, want)
	}
	return nil
}

// samplesEnd looks at each sample's indices, lengths and reason to stop.
func samplesEnd(ctx context.Context, s Subject, _ string) error {
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	stop := []negativa.Token{1, negativa.Token(s.VocabSize - 1)}
	groups, err := e.Sample(ctx, s.requests(40), s.params(stop...))
	if err != nil {
		return err
	}
	reasons := map[negativa.StopReason]int{}
	for i, group := range groups {
		if len(group) != 40 {
			return fmt.Errorf("request %d has %d samples, want 40", i, len(group))
		}
		for j, r := range group {
			if err := ended(r, j, stop, s.MaxTokens); err != nil {
				return fmt.Errorf("sample %d of request %d: %w", j, i, err)
			}
			reasons[r.Stop]++
		}
	}
	if reasons[negativa.StopToken] == 0 || reasons[negativa.StopLength] == 0 {
		return fmt.Errorf("of all samples %d stop at a token, %d at the limit: both were to be seen", reasons[negativa.StopToken], reasons[negativa.StopLength])
	}
	return nil
}

func ended(r negativa.Rollout, index int, stop []negativa.Token, limit int) error {
	isStop := func(t negativa.Token) bool { return slices.Contains(stop, t) }
	n := len(r.Tokens)
	at := slices.IndexFunc(r.Tokens, isStop)
	switch {
	case r.Sample != index:
		return fmt.Errorf("its index is %d", r.Sample)
	case n == 0 || n > limit || len(r.Logprobs) != n:
		return fmt.Errorf("%d tokens, %d log-probs, limit %d", n, len(r.Logprobs), limit)
	case at >= 0 && (at != n-1 || r.Stop != negativa.StopToken):
		return fmt.Errorf("stop token at %d of %d tokens, reason %q", at, n, r.Stop)
	case at < 0 && (n != limit || r.Stop != negativa.StopLength):
		return fmt.Errorf("no stop token in %d tokens of at most %d, reason %q", n, limit, r.Stop)
	}
	return nil
}

// drawsHaveAddresses draws the same samples in other company: again, fewer of them, in
// another order of requests, a request alone, on other threads.
func drawsHaveAddresses(ctx context.Context, s Subject, _ string) error {
	e, other, err := s.pair(Options{Threads: 2}, Options{Threads: 7})
	if err != nil {
		return err
	}
	params := s.params(1)
	requests := s.requests(24)
	want, err := e.Sample(ctx, requests, params)
	if err != nil {
		return err
	}
	for _, x := range []engine.Engine{e, other} {
		reversed, fewer := slices.Clone(requests), slices.Clone(requests[:1])
		slices.Reverse(reversed)
		fewer[0].N = 5
		back, err := x.Sample(ctx, reversed, params)
		if err != nil {
			return err
		}
		slices.Reverse(back)
		few, err := x.Sample(ctx, fewer, params)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(back, want) {
			return errors.New("the samples depend on the order of requests, the threads, or what was drawn before")
		}
		if !reflect.DeepEqual(few[0], want[0][:5]) {
			return errors.New("the samples depend on how many are drawn")
		}
	}
	if none, err := e.Sample(ctx, nil, params); err != nil || len(none) != 0 {
		return errors.Join(fmt.Errorf("no requests give %d groups", len(none)), err)
	}
	requests[0].Seed++
	moved, err := e.Sample(ctx, requests[:1], params)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(moved[0], want[0]) {
		return errors.New("another seed gives the same samples")
	}
	return nil
}
