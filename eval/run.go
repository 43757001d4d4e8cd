package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/sampling"
)

// Tokenizer turns prompts into tokens and completions into text.
type Tokenizer interface {
	EncodePrompt(text string) ([]negativa.Token, error)
	Decode(tokens []negativa.Token) string
	EOS() negativa.Token
}

// Verifier says of a problem's completion whether it is correct.
type Verifier interface {
	Name() string
	Verify(p negativa.Problem, completion string) negativa.Verdict
}

// Enumerator is a Verifier that knows all correct answers of a problem, in the form of
// Verdict.Answer. With one, coverage is measured.
type Enumerator interface {
	Answers(p negativa.Problem) ([]string, error)
}

// Options say what to measure and under which conditions.
type Options struct {
	N         int   // samples a problem, ≥ 1
	K         []int // at which Pass@k is estimated beside the powers of two, each in [1, N]
	Sampling  Sampling
	Bootstrap Bootstrap
	Stop      []negativa.Token // what ends a completion; nil: the tokenizer's EOS
	Split     string           // of the problems; recorded
	Model     string           // hash of the policy's parameters; recorded
	Verifier  string           // name and version of the verifier; recorded
	// Each, if not nil, is called with the graded groups of some problems at a time, in
	// order: to show progress and to store samples. An error ends the evaluation.
	Each func(groups []negativa.Group) error
}

// chunkSamples bounds how many samples are held at once.
const chunkSamples = 4096

// Run draws N samples of each problem, grades and counts them. A sample depends on the
// policy, the seed, the problem's id and the sample's index, and on nothing else: not on
// which other problems are evaluated.
func Run(ctx context.Context, policy engine.Sampler, tok Tokenizer, verifier Verifier, problems []negativa.Problem, o Options) (Evaluation, error) {
	if err := o.Validate(problems); err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", err)
	}
	t := newTally(o.N, o.K)
	size := max(1, chunkSamples/o.N)
	for from := 0; from < len(problems); from += size {
		chunk := problems[from:min(from+size, len(problems))]
		if err := o.run(ctx, policy, tok, verifier, chunk, t); err != nil {
			return Evaluation{}, fmt.Errorf("evaluate problems %d to %d of %d: %w", from+1, from+len(chunk), len(problems), err)
		}
	}
	e, err := t.evaluation(Conditions{
		Task: verifier.Name(), Split: o.Split, Model: o.Model, Verifier: o.Verifier, Sampling: &o.Sampling,
	}, o.Bootstrap)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", err)
	}
	return e, nil
}

// Validate names the setting, or the problem, that cannot be evaluated.
func (o Options) Validate(problems []negativa.Problem) error {
	if o.N < 1 {
		return fmt.Errorf("n is %d; it must be at least 1", o.N)
	}
	if len(problems) == 0 {
		return errors.New("there are no problems to evaluate")
	}
	if err := checkK(o.K, o.N); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, p := range problems {
		if seen[p.ID] {
			return fmt.Errorf("question %q is there twice: its samples would be counted as one question's", p.ID)
		}
		seen[p.ID] = true
	}
	if err := o.Bootstrap.Validate(); err != nil {
		return err
	}
	return sampling.Validate(o.Sampling.params())
}

// stop is what ends a completion.
func (o Options) stop(tok Tokenizer) []negativa.Token {
	if o.Stop == nil {
		return []negativa.Token{tok.EOS()}
	}
	return o.Stop
}

func (s Sampling) params(stop ...negativa.Token) engine.SampleParams {
	return engine.SampleParams{
		MaxTokens: s.MaxTokens, Temperature: s.Temperature, TopK: s.TopK, TopP: s.TopP, MinP: s.MinP,
		Stop: stop,
	}
}

// run samples, grades and counts some problems.
func (o Options) run(ctx context.Context, policy engine.Sampler, tok Tokenizer, verifier Verifier, problems []negativa.Problem, t *tally) error {
	groups, err := o.sample(ctx, policy, tok, problems)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := grade(tok, verifier, group); err != nil {
			return err
		}
		for _, rollout := range group.Rollouts {
			if err := t.add(newSample(group.Problem, rollout)); err != nil {
				return err
			}
		}
		if err := enumerate(verifier, group.Problem, t); err != nil {
			return err
		}
	}
	if o.Each == nil {
		return nil
	}
	return o.Each(groups)
}

func (o Options) sample(ctx context.Context, policy engine.Sampler, tok Tokenizer, problems []negativa.Problem) ([]negativa.Group, error) {
	groups := make([]negativa.Group, len(problems))
	requests := make([]engine.Request, len(problems))
	for i, p := range problems {
		prompt, err := tok.EncodePrompt(p.Prompt)
		if err != nil {
			return nil, fmt.Errorf("prompt of question %q: %w", p.ID, err)
		}
		groups[i] = negativa.Group{Problem: p, Prompt: prompt}
		seed := draw.New(o.Sampling.Seed, "eval").Named(p.ID).Uint64(0)
		requests[i] = engine.Request{Prompt: prompt, N: o.N, Seed: seed}
	}
	rollouts, err := policy.Sample(ctx, requests, o.Sampling.params(o.stop(tok)...))
	if err != nil {
		return nil, err
	}
	if len(rollouts) != len(problems) {
		return nil, fmt.Errorf("the engine answered %d of %d requests", len(rollouts), len(problems))
	}
	for i := range groups {
		if len(rollouts[i]) != o.N {
			return nil, fmt.Errorf("the engine drew %d of %d samples of question %q", len(rollouts[i]), o.N, problems[i].ID)
		}
		groups[i].Rollouts = rollouts[i]
	}
	return groups, nil
}

// grade fills in each rollout's text and verdict.
func grade(tok Tokenizer, verifier Verifier, group negativa.Group) error {
	for j := range group.Rollouts {
		r := &group.Rollouts[j]
		completion := r.Tokens
		if r.Stop == negativa.StopToken {
			completion = completion[:len(completion)-1]
		}
		r.Text = tok.Decode(completion)
		r.Verdict = verifier.Verify(group.Problem, r.Text)
		if r.Verdict.Outcome == negativa.Unverified {
			return fmt.Errorf("%s gave no verdict on sample %d of question %q", verifier.Name(), r.Sample, group.Problem.ID)
		}
	}
	return nil
}

// enumerate notes the right answers of a problem, where they can be listed.
func enumerate(verifier Verifier, p negativa.Problem, t *tally) error {
	enumerator, ok := verifier.(Enumerator)
	if !ok {
		return nil
	}
	answers, err := enumerator.Answers(p)
	if err != nil {
		return fmt.Errorf("correct answers of question %q: %w", p.ID, err)
	}
	return t.enumerate(p.ID, answers)
}
