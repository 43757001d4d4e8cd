package rollout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/task"
	"github.com/negativa-lab/negativa/tokenizer"
)

// tiny is an untrained policy with the tokenizer and some problems of countdown.
func tiny(t *testing.T, options native.Options) (*native.Engine, *tokenizer.Tokenizer, []negativa.Problem) {
	t.Helper()
	family, err := task.New("countdown")
	if err != nil {
		t.Fatal(err)
	}
	tok := tokenizer.Char(family.Alphabet())
	policy, err := native.New(native.Config{
		VocabSize: tok.VocabSize(), HiddenSize: 16, IntermediateSize: 24, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 8,
		MaxPositions: 40, NormEpsilon: 1e-6, RopeTheta: 1e4, TiedHead: true, InitializerRange: 0.3,
	}, 1, options)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := task.Problems(family, task.Train, 1, 6)
	if err != nil {
		t.Fatal(err)
	}
	return policy, tok, problems
}

func options(tok *tokenizer.Tokenizer) Options {
	return Options{
		NumGenerations: 5,
		Params:         engine.SampleParams{MaxTokens: 12, Temperature: 1, TopP: 1, Stop: []negativa.Token{tok.EOS()}},
		Source:         draw.New(1, "test"),
	}
}

func sample(t *testing.T, policy engine.Sampler, tok *tokenizer.Tokenizer, problems []negativa.Problem, o Options) []negativa.Group {
	t.Helper()
	groups, err := Sample(t.Context(), policy, tok, problems, o)
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

// A group is its problem's, in the problems' order, with every sample in its place; texts
// are the tokens without the stop token, which only ends a sample that stopped.
func TestGroupsAreWhatWasAskedFor(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{})
	o := options(tok)
	stopped, truncated := 0, 0
	groups := sample(t, policy, tok, problems, o)
	if len(groups) != len(problems) {
		t.Fatalf("%d groups of %d problems", len(groups), len(problems))
	}
	for i, g := range groups {
		if g.Problem != problems[i] || tok.Decode(g.Prompt) != problems[i].Prompt || len(g.Rollouts) != o.NumGenerations {
			t.Errorf("group %d: problem %q, prompt %q, %d samples", i, g.Problem.ID, tok.Decode(g.Prompt), len(g.Rollouts))
		}
		for j, r := range g.Rollouts {
			checkRollout(t, tok, r, j, o.Params.MaxTokens)
			if r.Stop == negativa.StopToken {
				stopped++
			} else {
				truncated++
			}
		}
	}
	if stopped == 0 || truncated == 0 {
		t.Errorf("%d samples stopped, %d were truncated: the test needs both", stopped, truncated)
	}
}

func checkRollout(t *testing.T, tok *tokenizer.Tokenizer, r negativa.Rollout, index, limit int) {
	t.Helper()
	body := r.Tokens
	if r.Stop == negativa.StopToken {
		body = body[:len(body)-1]
	}
	again, err := tok.Encode(r.Text)
	switch {
	case r.Sample != index:
		t.Errorf("sample %d calls itself %d", index, r.Sample)
	case len(r.Logprobs) != len(r.Tokens) || len(r.Tokens) == 0 || len(r.Tokens) > limit:
		t.Errorf("%d tokens, %d log-probabilities, limit %d", len(r.Tokens), len(r.Logprobs), limit)
	case r.Stop == negativa.StopLength && len(r.Tokens) != limit:
		t.Errorf("truncated at %d tokens of %d", len(r.Tokens), limit)
	case slices.Contains(body, tok.EOS()) || r.Stop == negativa.StopToken && r.Tokens[len(body)] != tok.EOS():
		t.Errorf("the stop token is not the end of %v (%s)", r.Tokens, r.Stop)
	case err != nil || !slices.Equal(again, body):
		t.Errorf("text %q is %v, the tokens are %v (%v)", r.Text, again, r.Tokens, err)
	}
	for _, lp := range r.Logprobs {
		if !(lp <= 0) {
			t.Errorf("log-probability %v", lp)
		}
	}
}

// A sample depends on its group's address, its prompt and its index: not on the other
// problems, the number of samples, the threads or the micro-batch.
func TestSamplesDependOnTheirAddressAlone(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{Threads: 1})
	o := options(tok)
	want := sample(t, policy, tok, problems, o)

	t.Run("threads and micro-batches", func(t *testing.T) {
		for _, n := range []native.Options{{Threads: 2, MicroBatchTokens: 1}, {Threads: 7, MicroBatchTokens: 50}} {
			policy, _, _ := tiny(t, n)
			if diff := cmp.Diff(want, sample(t, policy, tok, problems, o)); diff != "" {
				t.Errorf("%+v: %s", n, diff)
			}
		}
	})
	t.Run("fewer problems", func(t *testing.T) {
		if diff := cmp.Diff(want[:2], sample(t, policy, tok, problems[:2], o)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("other neighbours", func(t *testing.T) {
		others := slices.Clone(problems)
		slices.Reverse(others)
		others[1] = problems[1]
		if diff := cmp.Diff(want[1], sample(t, policy, tok, others, o)[1]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("fewer samples", func(t *testing.T) {
		few := o
		few.NumGenerations = 2
		for i, g := range sample(t, policy, tok, problems, few) {
			if diff := cmp.Diff(want[i].Rollouts[:2], g.Rollouts); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// Another source draws other samples, and so does another place in the batch.
func TestDifferentAddressesDrawDifferentSamples(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{})
	o := options(tok)
	seen := map[string]bool{}
	for _, source := range []draw.Source{draw.New(1, "test"), draw.New(2, "test"), draw.New(1, "test").At(1)} {
		o.Source = source
		for _, g := range sample(t, policy, tok, []negativa.Problem{problems[0], problems[0]}, o) {
			var texts strings.Builder
			for _, r := range g.Rollouts {
				texts.WriteString(r.Text + "\n")
			}
			seen[texts.String()] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("six groups of one problem hold %d different sets of samples", len(seen))
	}
}

// Sequences keep the order of groups and samples, so that scores match rollouts: the
// policy that drew them scores them as it did then, bit for bit.
func TestSequencesMatchTheRollouts(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{})
	o := options(tok)
	o.Params.Temperature, o.Params.TopP, o.Params.TopK = 0.7, 0.9, 6
	groups := sample(t, policy, tok, problems, o)
	scores, err := policy.Logprobs(t.Context(), Sequences(groups), o.Params.Temperature)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			if !slices.Equal(scores[0], r.Logprobs) {
				t.Errorf("%s sample %d: drawn with %v, scored %v", g.Problem.ID, r.Sample, r.Logprobs, scores[0])
			}
			scores = scores[1:]
		}
	}
	if len(scores) != 0 || Sequences(nil) != nil {
		t.Errorf("%d scores are left over", len(scores))
	}
}

func TestBadInput(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{})
	strange := negativa.Problem{ID: "strange/1", Prompt: "2,3=x:"}
	for name, c := range map[string]struct {
		change func(o *Options, problems *[]negativa.Problem)
		want   []string
	}{
		"a character without a token": {func(_ *Options, p *[]negativa.Problem) { *p = append(*p, strange) }, []string{"strange/1", "'x'"}},
		"an empty prompt":             {func(_ *Options, p *[]negativa.Problem) { *p = append(*p, negativa.Problem{}) }, []string{"request 6", "empty"}},
		"no samples":                  {func(o *Options, _ *[]negativa.Problem) { o.NumGenerations = 0 }, []string{"sample 6 problems", "0 samples"}},
		"no tokens":                   {func(o *Options, _ *[]negativa.Problem) { o.Params.MaxTokens = 0 }, []string{"sample 6 problems", "0"}},
		"too many tokens":             {func(o *Options, _ *[]negativa.Problem) { o.Params.MaxTokens = 40 }, []string{"40 positions", "max_position_embeddings"}},
		"top_p":                       {func(o *Options, _ *[]negativa.Problem) { o.Params.TopP = 1.5 }, []string{"1.5"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, asked := options(tok), slices.Clone(problems)
			c.change(&o, &asked)
			_, err := Sample(t.Context(), policy, tok, asked, o)
			if err == nil {
				t.Fatal("there was no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestCancelledContextStopsSampling(t *testing.T) {
	policy, tok, problems := tiny(t, native.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Sample(ctx, policy, tok, problems, options(tok)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
