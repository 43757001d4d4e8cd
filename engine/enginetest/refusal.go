package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

// refusal is a call that must fail.
type refusal struct {
	name string
	call func(ctx context.Context, e engine.Engine) error
}

// badInputIsRefused makes every bad call: it returns an error, does not panic, and
// leaves the engine's bytes as they were.
func badInputIsRefused(ctx context.Context, s Subject, dir string) error {
	e, err := s.New(Options{Threads: 2})
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, e, s.batch(), 1); err != nil {
		return err
	}
	want, err := content(ctx, e, filepath.Join(dir, "before"))
	if err != nil {
		return err
	}
	cut := filepath.Join(dir, "cut")
	if err := errors.Join(e.Save(ctx, cut), os.Truncate(filepath.Join(cut, s.Weights[0]), 100)); err != nil {
		return err
	}
	for _, r := range slices.Concat(s.badSequences(), s.badRequests(), s.badBatches(), s.badSteps(dir)) {
		if err := refused(ctx, e, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		got, err := content(ctx, e, filepath.Join(dir, "after"))
		if err != nil {
			return err
		}
		if err := sameContent(got, want); err != nil {
			return fmt.Errorf("%s was refused and yet changed the engine: %w", r.name, err)
		}
	}
	return nil
}

func refused(ctx context.Context, e engine.Engine, r refusal) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panics: %v", p)
		}
	}()
	if r.call(ctx, e) == nil {
		return errors.New("it returns no error")
	}
	return nil
}

// lacksAreRefused asks for each capability that the engine says it has not.
func lacksAreRefused(ctx context.Context, s Subject, _ string) error {
	e, err := s.New(Options{})
	if err != nil {
		return err
	}
	has := e.Capabilities()
	for _, c := range []struct {
		name string
		has  bool
		asks engine.Capabilities
	}{{"entropies", has.Entropies, engine.Capabilities{Entropies: true}}, {"values", has.Values, engine.Capabilities{Values: true}}} {
		_, err := e.ForwardBackward(ctx, s.batch(), zero(c.asks), 1)
		switch {
		case c.has && err != nil:
			return fmt.Errorf("a loss of %s: %w", c.name, err)
		case !c.has && !errors.Is(err, engine.ErrUnsupported):
			return fmt.Errorf("a loss of %s, which the engine lacks, returns %v, want one that wraps ErrUnsupported", c.name, err)
		}
	}
	return nil
}

// far is a number of tokens beyond any subject's limit.
const far = 1 << 20

// malformed is a sequence that no engine can read.
type malformed struct {
	name               string
	prompt, completion []negativa.Token
}

func (s Subject) malformed() []malformed {
	prompt, outside := s.Prompts[0], []negativa.Token{0, negativa.Token(s.VocabSize)}
	return []malformed{
		{"an empty prompt", nil, prompt[:1]},
		{"an empty completion", prompt, nil},
		{"a prompt outside the vocabulary", outside, prompt[:1]},
		{"a completion outside the vocabulary", prompt, outside},
		{"a negative token", prompt, []negativa.Token{-1}},
		{"a completion far too long", prompt, make([]negativa.Token, far)},
	}
}

func (s Subject) badSequences() (out []refusal) {
	good := engine.Sequence{Prompt: s.Prompts[0], Completion: []negativa.Token{0}}
	for _, q := range s.malformed() {
		out = append(out, refusal{"scoring " + q.name, func(ctx context.Context, e engine.Engine) error {
			_, err := e.Logprobs(ctx, []engine.Sequence{good, {Prompt: q.prompt, Completion: q.completion}}, 1)
			return err
		}}, s.badBatch(q.name, func(batch []negativa.Datum) {
			batch[2].Prompt, batch[2].Completion, batch[2].Row = q.prompt, q.completion, negativa.Row{}
		}))
	}
	for _, x := range []float64{-1, math.NaN(), math.Inf(1)} {
		out = append(out, refusal{fmt.Sprint("scoring at temperature ", x), func(ctx context.Context, e engine.Engine) error {
			_, err := e.Logprobs(ctx, []engine.Sequence{good}, x)
			return err
		}})
	}
	return out
}

func (s Subject) badRequests() (out []refusal) {
	add := func(name string, spoil func(r *engine.Request, p *engine.SampleParams)) {
		out = append(out, refusal{"sampling with " + name, func(ctx context.Context, e engine.Engine) error {
			requests, params := s.requests(2), s.params(1)
			spoil(&requests[1], &params)
			_, err := e.Sample(ctx, requests, params)
			return err
		}})
	}
	add("an empty prompt", func(r *engine.Request, _ *engine.SampleParams) { r.Prompt = nil })
	add("a prompt outside the vocabulary", func(r *engine.Request, _ *engine.SampleParams) {
		r.Prompt = []negativa.Token{negativa.Token(s.VocabSize)}
	})
	add("a negative token", func(r *engine.Request, _ *engine.SampleParams) { r.Prompt = []negativa.Token{-1} })
	add("no samples", func(r *engine.Request, _ *engine.SampleParams) { r.N = 0 })
	add("no tokens", func(_ *engine.Request, p *engine.SampleParams) { p.MaxTokens = 0 })
	add("far too many tokens", func(_ *engine.Request, p *engine.SampleParams) { p.MaxTokens = far })
	for _, x := range []float64{-1, math.NaN(), math.Inf(1)} {
		add(fmt.Sprint("temperature ", x), func(_ *engine.Request, p *engine.SampleParams) { p.Temperature = x })
		add(fmt.Sprint("top_p ", x), func(_ *engine.Request, p *engine.SampleParams) { p.TopP = x })
		add(fmt.Sprint("min_p ", x), func(_ *engine.Request, p *engine.SampleParams) { p.MinP = x })
	}
	add("top_p 0", func(_ *engine.Request, p *engine.SampleParams) { p.TopP = 0 })
	add("top_k -1", func(_ *engine.Request, p *engine.SampleParams) { p.TopK = -1 })
	return out
}

// badBatch is training on the batch with something spoilt.
func (s Subject) badBatch(name string, spoil func(batch []negativa.Datum)) refusal {
	return refusal{"training on " + name, func(ctx context.Context, e engine.Engine) error {
		batch := s.batch()
		spoil(batch)
		_, err := e.ForwardBackward(ctx, batch, zero(engine.Capabilities{}), 1)
		return err
	}}
}

func (s Subject) badBatches() []refusal {
	out := []refusal{
		s.badBatch("an ID that appears twice", func(b []negativa.Datum) { b[3].ID = b[0].ID }),
		s.badBatch("advantages of another length", func(b []negativa.Datum) { b[1].Row.Advantages = make([]float64, far) }),
		s.badBatch("behaviour of another length", func(b []negativa.Datum) { b[1].Row.Behaviour = []float64{} }),
		{"training on an empty batch", func(ctx context.Context, e engine.Engine) error {
			_, err := e.ForwardBackward(ctx, nil, probe(e.Capabilities()), 1)
			return err
		}},
		{"a loss that is not a number", func(ctx context.Context, e engine.Engine) error {
			nan := negativa.Loss{Row: func(*negativa.Row, *negativa.Evaluation, *negativa.Evaluation) float64 { return math.NaN() }}
			_, err := e.ForwardBackward(ctx, s.batch(), nan, 1)
			return err
		}},
	}
	for _, x := range []float64{-1, math.NaN(), math.Inf(1)} {
		out = append(out, refusal{fmt.Sprint("training at temperature ", x), func(ctx context.Context, e engine.Engine) error {
			_, err := e.ForwardBackward(ctx, s.batch(), probe(e.Capabilities()), x)
			return err
		}})
	}
	return out
}

func (s Subject) badSteps(dir string) []refusal {
	var out []refusal
	for name, spoil := range map[string]func(o *engine.OptimParams){
		"of an unknown optimizer":           func(o *engine.OptimParams) { o.Optimizer = "adam" },
		"at a rate that is not a number":    func(o *engine.OptimParams) { o.LearningRate = math.NaN() },
		"at a negative rate":                func(o *engine.OptimParams) { o.LearningRate = -1 },
		"with a beta1 of 1":                 func(o *engine.OptimParams) { o.Beta1 = 1 },
		"with a negative beta2":             func(o *engine.OptimParams) { o.Beta2 = -0.1 },
		"with an infinite decay":            func(o *engine.OptimParams) { o.WeightDecay = math.Inf(1) },
		"clipped at what is not a number":   func(o *engine.OptimParams) { o.MaxGradNorm = math.NaN() },
		"with an epsilon that is no number": func(o *engine.OptimParams) { o.Epsilon = math.NaN() },
	} {
		out = append(out, refusal{"a step " + name, func(ctx context.Context, e engine.Engine) error {
			params := adamW
			spoil(&params)
			_, err := e.OptimStep(ctx, params)
			return err
		}})
	}
	return append(out, []refusal{
		{"loading a folder that is not there", func(ctx context.Context, e engine.Engine) error {
			return e.Load(ctx, filepath.Join(dir, "nowhere"))
		}},
		{"loading a folder whose weights are cut short", func(ctx context.Context, e engine.Engine) error {
			return e.Load(ctx, filepath.Join(dir, "cut"))
		}},
		{"saving below a file", func(ctx context.Context, e engine.Engine) error {
			return e.Save(ctx, filepath.Join(dir, "before", s.Weights[0], "x"))
		}},
	}...)
}

// failureLeavesNoTrace makes every call with a context that is done, one that is
// cancelled on the way and one with a gradient that is no number, and then trains as an
// engine that never met them.
func failureLeavesNoTrace(ctx context.Context, s Subject, dir string) error {
	// Micro-batches of one row: there is a next one to be stopped before.
	e, err := s.New(Options{Threads: 1, MicroBatchTokens: 1})
	if err != nil {
		return err
	}
	if err := e.Save(ctx, filepath.Join(dir, "start")); err != nil {
		return err
	}
	if err := s.poison(ctx, e); err != nil {
		return err
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range s.calls(filepath.Join(dir, "start")) {
		if err := c.call(done, e); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s with a cancelled context returns %v", c.name, err)
		}
	}
	if err := s.cancelMidway(ctx, e); err != nil {
		return err
	}
	want, err := s.trained(ctx, dir, Options{Threads: 1, MicroBatchTokens: 1}, s.batch())
	if err != nil {
		return err
	}
	if _, _, err := train(ctx, e, s.batch(), 2); err != nil {
		return err
	}
	got, err := content(ctx, e, filepath.Join(dir, "continued"))
	if err != nil {
		return err
	}
	if err := sameContent(got, want.files); err != nil {
		return fmt.Errorf("trained after calls that failed: %w", err)
	}
	return nil
}

func (s Subject) calls(dir string) []refusal {
	return []refusal{
		{"Sample", func(ctx context.Context, e engine.Engine) error {
			_, err := e.Sample(ctx, s.requests(2), s.params())
			return err
		}},
		{"Logprobs", func(ctx context.Context, e engine.Engine) error {
			_, err := e.Logprobs(ctx, []engine.Sequence{{Prompt: s.Prompts[0], Completion: []negativa.Token{0}}}, 1)
			return err
		}},
		{"ForwardBackward", func(ctx context.Context, e engine.Engine) error {
			_, err := e.ForwardBackward(ctx, s.batch(), probe(e.Capabilities()), 1)
			return err
		}},
		{"OptimStep", func(ctx context.Context, e engine.Engine) error {
			_, err := e.OptimStep(ctx, adamW)
			return err
		}},
		{"Save", func(ctx context.Context, e engine.Engine) error { return e.Save(ctx, dir) }},
		{"Load", func(ctx context.Context, e engine.Engine) error { return e.Load(ctx, dir) }},
	}
}

// cancelMidway cancels ForwardBackward from within the loss of its first row.
func (s Subject) cancelMidway(ctx context.Context, e engine.Engine) error {
	midway, cancel := context.WithCancel(ctx)
	defer cancel()
	loss := probe(e.Capabilities())
	row := loss.Row
	loss.Row = func(r *negativa.Row, at, grad *negativa.Evaluation) float64 {
		cancel()
		return row(r, at, grad)
	}
	if _, err := e.ForwardBackward(midway, s.batch(), loss, 1); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("ForwardBackward cancelled after its first row returns %v", err)
	}
	return nil
}

// poison steps along a gradient that is not a number.
func (s Subject) poison(ctx context.Context, e engine.Engine) error {
	loss := negativa.Loss{Row: func(_ *negativa.Row, _, grad *negativa.Evaluation) float64 {
		grad.Logprobs[0] = math.NaN()
		return 0
	}}
	_, err := e.ForwardBackward(ctx, s.batch(), loss, 1)
	if err == nil {
		_, err = e.OptimStep(ctx, adamW)
	}
	if err == nil {
		return errors.New("a step along a gradient that is not a number returns no error")
	}
	return nil
}
