package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/eval"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// guesser writes right answers with probability 1/2, addressed by the request's seed,
// and claims that each token had probability 1/2.
type guesser struct {
	engine.Scorer
	family task.Family
	tok    *tokenizer.Tokenizer
	short  bool // gives one sample too few
}

func (g guesser) Sample(ctx context.Context, requests []engine.Request, _ engine.SampleParams) ([][]negativa.Rollout, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out [][]negativa.Rollout
	for _, r := range requests {
		prompt := g.tok.Decode(r.Prompt)
		n := r.N
		if g.short {
			n--
		}
		group := make([]negativa.Rollout, n)
		for i := range group {
			text := "1+1=2"
			if source := draw.New(r.Seed, "guess").At(uint64(i)); source.Float64(0) < 0.5 {
				text = g.family.Trace(negativa.Problem{Task: "countdown", Prompt: prompt}, source.Uint64(1))
			}
			tokens, err := g.tok.Encode(text)
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, g.tok.EOS())
			group[i] = negativa.Rollout{Sample: i, Tokens: tokens, Logprobs: slices.Repeat([]float32{-math.Ln2}, len(tokens)), Stop: negativa.StopToken}
		}
		out = append(out, group)
	}
	return out, nil
}

type bench struct {
	family   task.Family
	tok      *tokenizer.Tokenizer
	problems []negativa.Problem
}

func newBench(t *testing.T, problems int) bench {
	t.Helper()
	family, err := task.New("countdown")
	if err != nil {
		t.Fatal(err)
	}
	ps, err := task.Problems(family, task.Test, 1, problems)
	if err != nil {
		t.Fatal(err)
	}
	return bench{family, tokenizer.Char(task.Alphabet()), ps}
}

func options(n int) eval.Options {
	return eval.Options{
		N: n, Bootstrap: eval.DefaultBootstrap(1), Split: "test", Model: "m", Verifier: "v",
		Sampling: eval.Sampling{Temperature: 1, TopP: 1, MaxTokens: 40, Seed: 3},
	}
}

func TestRun(t *testing.T) {
	b := newBench(t, 40)
	var stored bytes.Buffer
	o := options(16)
	o.Each = func(groups []negativa.Group) error { return eval.WriteSamples(&stored, groups) }
	e, err := eval.Run(t.Context(), guesser{family: b.family, tok: b.tok}, b.tok, b.family, b.problems, o)
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := e.PassAtK.At(1); math.Abs(p-0.5) > 0.1 {
		t.Errorf("Pass@1 = %v of a policy that is right half of the time", p)
	}
	if p, _ := e.PassAtK.At(16); p < 0.99 {
		t.Errorf("Pass@16 = %v", p)
	}
	if math.Abs(*e.Entropy-math.Ln2) > 1e-6 {
		t.Errorf("entropy %v of tokens with probability 1/2", *e.Entropy)
	}
	if *e.Coverage <= 0.5 || *e.Coverage > 1 || *e.DistinctCorrect < 1 {
		t.Errorf("coverage %v, distinct %v", *e.Coverage, *e.DistinctCorrect)
	}
	if c, _ := e.CoverageAtK.At(16); math.Abs(c-*e.Coverage) > 1e-12 {
		t.Errorf("coverage by all 16 samples is %v and %v", c, *e.Coverage)
	}
	if e.Conditions.Task != b.family.Name() || e.Conditions.Temperature != 1 || e.Conditions.Model != "m" || e.Conditions.Interval.Level != 0.95 {
		t.Errorf("conditions %+v", e.Conditions)
	}

	t.Run("a file of its samples says the same", func(t *testing.T) {
		asked := map[string]negativa.Problem{}
		for _, p := range b.problems {
			asked[p.ID] = p
		}
		r := eval.Reading{N: 16, Bootstrap: o.Bootstrap, Answers: func(id string) ([]string, error) { return b.family.Answers(asked[id]) }}
		again, err := r.File(file(t, stored.String()))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal([]any{e.PassAtK, e.Interval, e.MajorityAtK, e.CoverageAtK, e.CoverageInterval, e.Coverage, e.DistinctCorrect, e.MeanLength, e.Outcomes})
		got, _ := json.Marshal([]any{again.PassAtK, again.Interval, again.MajorityAtK, again.CoverageAtK, again.CoverageInterval, again.Coverage, again.DistinctCorrect, again.MeanLength, again.Outcomes})
		if !bytes.Equal(got, want) {
			t.Errorf("\n%s, not\n%s", got, want)
		}
	})
	t.Run("a question's samples do not depend on the others", func(t *testing.T) {
		few, err := eval.Run(t.Context(), guesser{family: b.family, tok: b.tok}, b.tok, b.family, []negativa.Problem{b.problems[7], b.problems[3]}, options(16))
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(few.Counts, []eval.Count{e.Counts[7], e.Counts[3]}) {
			t.Errorf("%v, not %v and %v", few.Counts, e.Counts[7], e.Counts[3])
		}
	})
}

func TestRunRefuses(t *testing.T) {
	b := newBench(t, 3)
	policy := guesser{family: b.family, tok: b.tok}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("the disk is full")
	for name, c := range map[string]struct {
		ctx      context.Context
		policy   engine.Sampler
		problems []negativa.Problem
		change   func(*eval.Options)
		want     string
	}{
		"no samples":        {change: func(o *eval.Options) { o.N = 0 }, want: "n is 0"},
		"k beyond n":        {change: func(o *eval.Options) { o.K = []int{9} }, want: "k is 9"},
		"no problems":       {problems: []negativa.Problem{}, want: "no problems"},
		"a problem twice":   {problems: []negativa.Problem{b.problems[0], b.problems[0]}, want: "there twice"},
		"top-p of 0":        {change: func(o *eval.Options) { o.Sampling.TopP = 0 }, want: "top"},
		"too few samples":   {policy: guesser{family: b.family, tok: b.tok, short: true}, want: "drew 7 of 8 samples"},
		"cancelled":         {ctx: canceled, want: context.Canceled.Error()},
		"nobody stores":     {change: func(o *eval.Options) { o.Each = func([]negativa.Group) error { return broken } }, want: broken.Error()},
		"a foreign prompt":  {problems: []negativa.Problem{{ID: "x", Prompt: "é"}}, want: `prompt of question "x"`},
		"impossible levels": {change: func(o *eval.Options) { o.Bootstrap.Level = 2 }, want: "level is 2"},
	} {
		o := options(8)
		if c.change != nil {
			c.change(&o)
		}
		if c.policy == nil {
			c.policy = policy
		}
		if c.problems == nil {
			c.problems = b.problems
		}
		if c.ctx == nil {
			c.ctx = t.Context()
		}
		if _, err := eval.Run(c.ctx, c.policy, b.tok, b.family, c.problems, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
