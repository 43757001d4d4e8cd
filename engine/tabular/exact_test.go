package tabular

import (
	"math"
	"slices"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
)

func near(t *testing.T, name string, got, want, bound float64) {
	t.Helper()
	if !(math.Abs(got-want) <= bound) {
		t.Errorf("%s is %.15g, want %.15g ± %.3g", name, got, want, bound)
	}
}

func enumerated(t *testing.T, e *Engine, prompt []negativa.Token) []Completion {
	t.Helper()
	all, err := e.Enumerate(prompt)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// 0 ends a completion: 1 + 3 + 9·4 of them.
func TestEnumerateListsEachCompletionOnce(t *testing.T) {
	e := tree(t, 1)
	for _, prompt := range e.config.Prompts {
		all := enumerated(t, e, prompt)
		if len(all) != 1+3+9*4 {
			t.Errorf("%d completions, want 40", len(all))
		}
		if !slices.IsSortedFunc(all, func(a, b Completion) int { return slices.Compare(a.Tokens, b.Tokens) }) {
			t.Error("they are not in lexicographic order")
		}
		sum := 0.0
		for i, c := range all {
			sum += c.Probability
			logprob := 0.0
			for _, lp := range onPolicy(t, e, prompt, c.Tokens) {
				logprob += lp
			}
			near(t, "the probability", c.Probability, math.Exp(logprob), exact)
			if i > 0 && slices.Equal(c.Tokens, all[i-1].Tokens) {
				t.Errorf("%v is listed twice", c.Tokens)
			}
		}
		near(t, "the sum of probabilities", sum, 1, exact)
	}
}

func TestSamplesFollowTheEnumeration(t *testing.T) {
	e := tree(t, 1)
	const n = 100_000
	prompt := e.config.Prompts[1]
	groups, err := e.Sample(t.Context(), []engine.Request{{Prompt: prompt, N: n, Seed: 1}},
		engine.SampleParams{MaxTokens: 3, Temperature: 1, TopP: 1, Stop: e.config.Stop})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	surprise := 0.0
	for _, r := range groups[0] {
		counts[key(r.Tokens)]++
		for _, lp := range r.Logprobs {
			surprise -= float64(lp) / n
		}
	}
	h := 0.0
	for _, c := range enumerated(t, e, prompt) {
		h -= c.Probability * math.Log(c.Probability)
		near(t, "the frequency of "+key(c.Tokens), counts[key(c.Tokens)]/n, c.Probability, 5*math.Sqrt(c.Probability/n))
	}
	// The surprise of a completion has a deviation below two nats here.
	near(t, "the mean surprise of samples", surprise, h, 5*2/math.Sqrt(n))
}

func TestExpectationAndEntropyAreSums(t *testing.T) {
	e := tree(t, 2)
	f := func(prompt, completion []negativa.Token) float64 {
		return float64(prompt[0]) + math.Sqrt(float64(len(completion)+int(completion[0])))
	}
	var mean, h float64
	for _, prompt := range e.config.Prompts {
		for _, c := range enumerated(t, e, prompt) {
			mean += c.Probability * f(prompt, c.Tokens) / 3
			h -= c.Probability * math.Log(c.Probability) / 3
		}
	}
	near(t, "the expectation", e.Expectation(f), mean, exact)
	near(t, "the entropy", e.Entropy(), h, exact)
}

// A uniform policy without stop tokens has entropy L ln V exactly.
func TestEntropyOfTheUniformPolicy(t *testing.T) {
	e, err := New(Config{VocabSize: 3, MaxTokens: 4, Prompts: [][]negativa.Token{{0}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the entropy", e.Entropy(), 4*math.Log(3), exact)
}

// Every pair and every triple of completions, drawn independently: any right?
func TestPassAtKCountsTuples(t *testing.T) {
	e := tree(t, 2)
	var want [4]float64
	for _, prompt := range e.config.Prompts {
		all := enumerated(t, e, prompt)
		for _, a := range all {
			for _, b := range all {
				for _, c := range all {
					p := a.Probability * b.Probability * c.Probability / 3
					first := isRight(prompt, a.Tokens)
					second := first || isRight(prompt, b.Tokens)
					third := second || isRight(prompt, c.Tokens)
					for k, solved := range []bool{first, second, third} {
						if solved {
							want[k+1] += p
						}
					}
				}
			}
		}
	}
	for k := 1; k <= 3; k++ {
		got, err := e.PassAtK(k, isRight)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "pass@k", got, want[k], exact)
	}
	near(t, "pass@1", want[1], e.Expectation(indicator(isRight)), exact)
}

func TestPassAtKOfRareAndCertainAnswers(t *testing.T) {
	e, err := New(Config{VocabSize: 2, MaxTokens: 1, Prompts: [][]negativa.Token{{0}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	copy(e.row(0, 0), []float64{0, -46})
	rare := math.Exp(-46)
	got, err := e.PassAtK(256, func(_, completion []negativa.Token) bool { return completion[0] == 1 })
	if err != nil {
		t.Fatal(err)
	}
	near(t, "pass@256 of an answer of probability 10⁻²⁰", got, 256*rare, 1e-6*256*rare)
	for always, want := range map[bool]float64{true: 1, false: 0} {
		got, err := e.PassAtK(8, func(_, _ []negativa.Token) bool { return always })
		if err != nil || got != want {
			t.Errorf("pass@8 where every answer is right: %v is %v (%v), want %v", always, got, err, want)
		}
	}
	if _, err := e.PassAtK(0, isRight); err == nil {
		t.Error("pass@0 is not refused")
	}
}

// Central differences of the exact expectation, at every logit.
func TestGradientIsTheDerivativeOfTheExpectation(t *testing.T) {
	e := tree(t, 4)
	f := func(prompt, completion []negativa.Token) float64 {
		return float64(len(completion)) - 2*indicator(isRight)(prompt, completion)
	}
	gradient := e.Gradient(f)
	const h = 1e-5 // error h²/6 · f''' + 1e-16/h
	for i, g := range gradient {
		z := e.logits[i]
		e.logits[i] = z + h
		up := e.Expectation(f)
		e.logits[i] = z - h
		down := e.Expectation(f)
		e.logits[i] = z
		near(t, "∂E/∂z", g, (up-down)/(2*h), 1e-10)
	}
	if norm(gradient) < 0.1 {
		t.Error("the gradient is too small to compare")
	}
}
