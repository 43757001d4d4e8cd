package tabular

import (
	"fmt"
	"math"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/objective"
)

// The sign split of Zhu et al. (2506.01347), every expectation a finite sum.

// tree is a policy with completions of one to three tokens, 0 ends them.
func tree(t *testing.T, seed uint64) *Engine {
	t.Helper()
	e, err := New(Config{
		VocabSize: 4, MaxTokens: 3, Stop: []negativa.Token{0}, Prompts: [][]negativa.Token{{1}, {2, 3}, {3}}, InitializerRange: 1,
	}, seed)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// isRight is a rule with right and wrong completions of every length.
func isRight(prompt, completion []negativa.Token) bool {
	sum := prompt[0]
	for i, token := range completion {
		sum += token * int32(i+1)
	}
	return sum%3 == 0
}

// expected is E_x E_{y~π} of the gradient that an objective's loss has of one sampled
// row: every completion is a row, weighted by its probability times B times the weight
// that the objective's normaliser gives it, as in a batch of B rows drawn from π.
func expected(t *testing.T, e *Engine, o objective.Objective) []float64 {
	t.Helper()
	var batch []negativa.Datum
	var lengths []int
	var kept []bool
	var rewards []float64
	for _, prompt := range e.config.Prompts {
		all, err := e.Enumerate(prompt)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			row := negativa.Row{Weight: c.Probability / float64(len(e.config.Prompts)), Behaviour: onPolicy(t, e, prompt, c.Tokens)}
			batch = append(batch, negativa.Datum{ID: fmt.Sprint(prompt, c.Tokens), Prompt: prompt, Completion: c.Tokens, Row: row})
			lengths = append(lengths, len(c.Tokens))
			rewards = append(rewards, indicator(isRight)(prompt, c.Tokens))
		}
	}
	advantages := o.Advantages([][]float64{rewards})[0]
	for _, a := range advantages {
		kept = append(kept, a != 0)
	}
	for i, w := range o.Weights(lengths, kept) {
		batch[i].Row.Weight *= w * float64(len(batch))
		for range lengths[i] {
			batch[i].Row.Advantages = append(batch[i].Row.Advantages, advantages[i])
		}
	}
	return accumulated(t, e, batch, o.Loss())
}

// onPolicy is the log-probabilities of a completion's tokens, so that every ratio is
// exactly one.
func onPolicy(t *testing.T, e *Engine, prompt, completion []negativa.Token) []float64 {
	t.Helper()
	x, err := e.check(prompt, completion)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := evaluate(e.path(x, completion, 1), false)
	return at.Logprobs
}

// accumulated is the gradient of one batch.
func accumulated(t *testing.T, e *Engine, batch []negativa.Datum, loss negativa.Loss) []float64 {
	t.Helper()
	clear(e.grad)
	if _, err := e.ForwardBackward(t.Context(), batch, loss, 1); err != nil {
		t.Fatal(err)
	}
	return append([]float64(nil), e.grad...)
}

func withNormaliser(t *testing.T, name string, normaliser objective.Normaliser, over objective.Over, lambda float64) objective.Objective {
	t.Helper()
	o, err := objective.Default(name)
	if err != nil {
		t.Fatal(err)
	}
	p := o.Params
	p.Normaliser, p.Over, p.MaxCompletionLength, p.Lambda = normaliser, over, 1, lambda
	if o, err = objective.New(name, p); err != nil {
		t.Fatal(err)
	}
	return o
}

func distance(x, y []float64, scale float64) float64 {
	worst := 0.0
	for i := range x {
		worst = max(worst, math.Abs(x[i]-scale*y[i]))
	}
	return worst
}

const exact = 1e-12

// L_PSR = −P(right) and L_NSR = P(wrong) differ by a constant (eq. 2-4), so that under
// one normaliser, on policy, their expected gradients are one and the same.
func TestPSRAndNSRHaveOneExpectedGradient(t *testing.T) {
	for _, normaliser := range []objective.Normaliser{objective.SeqMeanTokenSum, objective.Constant} {
		for seed := range uint64(3) {
			e := tree(t, seed)
			psr := expected(t, e, withNormaliser(t, "psr", normaliser, objective.All, 1))
			nsr := expected(t, e, withNormaliser(t, "nsr", normaliser, objective.All, 1))
			ascent := e.Gradient(indicator(isRight))
			if d := distance(psr, nsr, 1); !(d <= exact) {
				t.Errorf("%s: the expected gradients of PSR and NSR differ by %.3g", normaliser, d)
			}
			if d := distance(psr, ascent, -1); !(d <= exact) {
				t.Errorf("%s: PSR's expected gradient is %.3g from −∇P(right)", normaliser, d)
			}
			if norm(psr) < 0.01 {
				t.Errorf("%s: the gradient has norm %.3g: nothing is compared", normaliser, norm(psr))
			}
		}
	}
}

// The identity ends where its conditions do: with a normaliser that sees a row's
// length, or that counts the kept rows alone, the two objectives part.
func TestTheIdentityNeedsItsConditions(t *testing.T) {
	e := tree(t, 1)
	for _, c := range []struct {
		normaliser objective.Normaliser
		over       objective.Over
	}{{objective.SeqMeanTokenMean, objective.All}, {objective.SeqMeanTokenSum, objective.Kept}} {
		psr := expected(t, e, withNormaliser(t, "psr", c.normaliser, c.over, 1))
		nsr := expected(t, e, withNormaliser(t, "nsr", c.normaliser, c.over, 1))
		if d := distance(psr, nsr, 1); !(d > 1e-3) {
			t.Errorf("%s over %s rows: the expected gradients differ by %.3g only", c.normaliser, c.over, d)
		}
	}
}

// W-REINFORCE is λ·PSR + NSR (eq. 9); with λ = 1 it is REINFORCE on rewards ±1, whose
// expected gradient is −∇E[r].
func TestWReinforceIsTheWeightedSum(t *testing.T) {
	e := tree(t, 2)
	of := func(name string, lambda float64) []float64 {
		return expected(t, e, withNormaliser(t, name, objective.SeqMeanTokenSum, objective.All, lambda))
	}
	psr, nsr := of("psr", 1), of("nsr", 1)
	for _, lambda := range []float64{0, 0.1, 1} {
		w := of("w-reinforce", lambda)
		for i := range w {
			w[i] -= lambda*psr[i] + nsr[i]
		}
		if d := distance(w, w, 0); !(d <= exact) {
			t.Errorf("λ = %v: W-REINFORCE is %.3g from λ·PSR + NSR", lambda, d)
		}
	}
	signed := e.Gradient(func(prompt, completion []negativa.Token) float64 { return 2*indicator(isRight)(prompt, completion) - 1 })
	if d := distance(of("w-reinforce", 1), signed, -1); !(d <= exact) {
		t.Errorf("λ = 1: W-REINFORCE is %.3g from −∇E[r]", d)
	}
}

// descent is −∂L/∂z of the first token's logits, for a loss of that token alone.
func descent(t *testing.T, e *Engine, token negativa.Token, loss func(at, grad *negativa.Evaluation)) []float64 {
	t.Helper()
	batch := []negativa.Datum{{ID: "one", Prompt: []negativa.Token{1}, Completion: []negativa.Token{token}}}
	grad := accumulated(t, e, batch, negativa.Loss{Entropies: true, Row: func(_ *negativa.Row, at, grad *negativa.Evaluation) float64 {
		loss(at, grad)
		return 0
	}})
	out := make([]float64, e.config.VocabSize)
	for v := range out {
		out[v] = -grad[v]
	}
	return out
}

// The token-logit gradients of eq. 6-8 and appendices A and B, in the form of
// probabilities, which the paper analyses, and in that of log-probabilities, which
// training descends.
func TestLogitGradientsOfOneToken(t *testing.T) {
	e := tree(t, 3)
	pi := make([]float64, e.config.VocabSize)
	logSoftmax(pi, e.row(0, 0), 1)
	h := entropy(pi)
	for v := range pi {
		pi[v] = math.Exp(pi[v])
	}
	for _, c := range []struct {
		name    string
		slope   func(p float64) float64           // ∂L/∂ ln π_y
		entropy float64                           // ∂L/∂H
		want    func(v, y negativa.Token) float64 // −∂L/∂z_v
	}{
		{"PSR, L = −π (eq. 7)", func(p float64) float64 { return -p }, 0, func(v, y negativa.Token) float64 {
			if v == y {
				return pi[v] * (1 - pi[v])
			}
			return -pi[v] * pi[y]
		}},
		{"NSR, L = π (eq. 8)", func(p float64) float64 { return p }, 0, func(v, y negativa.Token) float64 {
			if v == y {
				return -pi[v] * (1 - pi[v])
			}
			return pi[v] * pi[y]
		}},
		{"PSR, L = −ln π", func(float64) float64 { return -1 }, 0, func(v, y negativa.Token) float64 {
			if v == y {
				return 1 - pi[v]
			}
			return -pi[v]
		}},
		{"NSR, L = ln π", func(float64) float64 { return 1 }, 0, func(v, y negativa.Token) float64 {
			if v == y {
				return pi[v] - 1
			}
			return pi[v]
		}},
		{"unlikelihood, L = −ln(1 − π) (app. B)", func(p float64) float64 { return p / (1 - p) }, 0, func(v, y negativa.Token) float64 {
			if v == y {
				return -pi[v]
			}
			return pi[y] / (1 - pi[y]) * pi[v]
		}},
		{"entropy bonus, L = −H", func(float64) float64 { return 0 }, -1, func(v, _ negativa.Token) float64 {
			return -pi[v] * (math.Log(pi[v]) + h)
		}},
	} {
		for y := range negativa.Token(len(pi)) {
			got := descent(t, e, y, func(at, grad *negativa.Evaluation) {
				grad.Logprobs[0], grad.Entropies[0] = c.slope(math.Exp(at.Logprobs[0])), c.entropy
			})
			for v := range negativa.Token(len(pi)) {
				if want := c.want(v, y); !(math.Abs(got[v]-want) <= exact) {
					t.Errorf("%s, token %d: −∂L/∂z_%d = %.15g, want %.15g", c.name, y, v, got[v], want)
				}
			}
		}
	}
}

// What the paper claims of eq. 8: a wrong token's push lifts the others in proportion
// to their probabilities, and ends where the policy no longer errs.
func TestSuppressionLiftsTheRestInProportion(t *testing.T) {
	e := tree(t, 3)
	z := e.row(0, 0)
	push := func() []float64 {
		return descent(t, e, 2, func(at, grad *negativa.Evaluation) { grad.Logprobs[0] = math.Exp(at.Logprobs[0]) })
	}
	p := push()
	for _, v := range []int{1, 3} {
		if got, want := p[v]/p[0], math.Exp(z[v]-z[0]); math.Abs(got-want) > exact*want {
			t.Errorf("z_%d is pushed %.15g times as much as z_0, want %.15g", v, got, want)
		}
	}
	z[2] = -60
	for v, d := range push() {
		if math.Abs(d) > 1e-20 {
			t.Errorf("a token of probability 10⁻²⁶ still pushes z_%d by %.3g", v, d)
		}
	}
}

// The squeezing effect (Ren and Sutherland, 2407.10490, section 3.3): where one token
// is likely, pushing down an unlikely one feeds the likely one and starves the others.
func TestSuppressionCanSqueeze(t *testing.T) {
	e := tree(t, 3)
	z := e.row(0, 0)
	copy(z, []float64{5, 0, 0.5, 1})
	before := make([]float64, len(z))
	logSoftmax(before, z, 1)
	for v, d := range descent(t, e, 1, func(_, grad *negativa.Evaluation) { grad.Logprobs[0] = 1 }) {
		z[v] += d
	}
	after := make([]float64, len(z))
	logSoftmax(after, z, 1)
	for v, rises := range []bool{true, false, false, false} {
		if (after[v] > before[v]) != rises {
			t.Errorf("token %d moves from %.4f to %.4f nats, want a rise: %v", v, before[v], after[v], rises)
		}
	}
}
