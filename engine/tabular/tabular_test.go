package tabular

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

func TestImpossibleTablesAreRefused(t *testing.T) {
	one := [][]negativa.Token{{1}}
	for want, c := range map[string]Config{
		"vocab_size":            {MaxTokens: 1, Prompts: one},
		"max_completion_length": {VocabSize: 2, Prompts: one},
		"prompts is empty":      {VocabSize: 2, MaxTokens: 1},
		"a prompt is empty":     {VocabSize: 2, MaxTokens: 1, Prompts: [][]negativa.Token{{}}},
		"listed twice":          {VocabSize: 2, MaxTokens: 1, Prompts: [][]negativa.Token{{1}, {1}}},
		"prompt 0: token 2":     {VocabSize: 2, MaxTokens: 1, Prompts: [][]negativa.Token{{2}}},
		"stop_token_ids":        {VocabSize: 2, MaxTokens: 1, Prompts: one, Stop: []negativa.Token{-1}},
		"initializer_range":     {VocabSize: 2, MaxTokens: 1, Prompts: one, InitializerRange: math.NaN()},
		"smaller":               {VocabSize: 10, MaxTokens: 1 << 40, Prompts: one},
		"make one of them":      {VocabSize: 1 << 40, MaxTokens: 2, Prompts: one},
	} {
		if _, err := New(c, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: the error does not name %q: %v", c, want, err)
		}
	}
}

func TestErrorsNameWhatIsUnknown(t *testing.T) {
	e := tree(t, 1)
	_, ofEnumerate := e.Enumerate([]negativa.Token{2})
	_, ofPrompt := e.Logits([]negativa.Token{2}, nil)
	_, ofPrefix := e.Logits([]negativa.Token{1}, []negativa.Token{9})
	_, ofLength := e.Logits([]negativa.Token{1}, []negativa.Token{1, 1, 1})
	_, ofScore := e.Logprobs(t.Context(), nil, math.NaN())
	_, ofRate := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.SGD, LearningRate: math.Inf(1)})
	for want, err := range map[string]error{
		"prompt [2] is not known":          ofEnumerate,
		"the 3 prompts it was made with":   ofPrompt,
		"token 9 at position 0 is outside": ofPrefix,
		"a prefix of 3 tokens":             ofLength,
		"temperature is NaN":               ofScore,
		"learning rate is +Inf":            ofRate,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// A row of logits is the policy's own: what is written there is what is sampled.
func TestLogitsAreThePolicys(t *testing.T) {
	e := tree(t, 1)
	prompt, prefix := []negativa.Token{2, 3}, []negativa.Token{3, 1}
	z, err := e.Logits(prompt, prefix)
	if err != nil {
		t.Fatal(err)
	}
	copy(z, []float64{math.Log(1), math.Log(2), math.Log(3), math.Log(4)})
	for v, p := range []float64{0.1, 0.2, 0.3, 0.4} {
		got := onPolicy(t, e, prompt, append(slices.Clone(prefix), negativa.Token(v)))
		near(t, "the probability of a token", math.Exp(got[2]), p, exact)
	}
}

func TestDamagedFoldersAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"no config":     {func(dir string) error { return os.Remove(filepath.Join(dir, configFile)) }, configFile},
		"no JSON":       {overwrite(configFile, "no"), configFile},
		"a huge table":  {overwrite(configFile, `{"vocab_size": 1000000, "max_completion_length": 9, "prompts": [[1]]}`), "smaller"},
		"another table": {overwrite(configFile, `{"vocab_size": 4, "max_completion_length": 2, "prompts": [[1]]}`), "[1 5 4]"},
		"no weights":    {func(dir string) error { return os.Remove(filepath.Join(dir, modelFile)) }, modelFile},
		"moments for model": {func(dir string) error {
			return os.Rename(filepath.Join(dir, optimizerFile), filepath.Join(dir, modelFile))
		}, "tensor logits is missing"},
		"a number that is none": {func(dir string) error {
			e := newEngine(&policy{config: Config{VocabSize: 4, MaxTokens: 3, Prompts: [][]negativa.Token{{1}, {2, 3}, {3}}}, states: 21, logits: make([]float64, 3*21*4)})
			e.logits[5] = math.NaN()
			return e.write(dir)
		}, "not finite"},
		"optimizer cut short": {func(dir string) error { return os.Truncate(filepath.Join(dir, optimizerFile), 50) }, optimizerFile},
	} {
		t.Run(name, func(t *testing.T) {
			e, dir := tree(t, 1), t.TempDir()
			if err := errors.Join(e.Save(t.Context(), dir), c.damage(dir)); err != nil {
				t.Fatal(err)
			}
			before := slices.Clone(e.logits)
			if err := e.Load(t.Context(), dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("the error does not name %q: %v", c.want, err)
			}
			if !slices.Equal(e.logits, before) {
				t.Error("the failed load changed the policy")
			}
		})
	}
}

func overwrite(name, text string) func(dir string) error {
	return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644) }
}

// Weights without an optimizer's state are a policy to start from.
func TestLoadWithoutOptimizerIsFresh(t *testing.T) {
	e, dir := tree(t, 1), t.TempDir()
	e.step, e.m[3], e.v[3] = 5, 1, 1
	if err := errors.Join(e.Save(t.Context(), dir), os.Remove(filepath.Join(dir, optimizerFile)), e.Load(context.Background(), dir)); err != nil {
		t.Fatal(err)
	}
	if e.step != 0 || norm(e.m) != 0 || norm(e.v) != 0 {
		t.Error("the optimizer is not fresh")
	}
}
