package diagnose

import (
	"math"
	"testing"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/tabular"
)

// bandit is a policy of one token with given probabilities.
func bandit(t *testing.T, p []float64) *tabular.Engine {
	t.Helper()
	e, err := tabular.New(tabular.Config{VocabSize: len(p), MaxTokens: 1, Prompts: [][]negativa.Token{{0}}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	z := logits(t, e)
	for v, q := range p {
		z[v] = math.Log(q)
	}
	return e
}

func logits(t *testing.T, e *tabular.Engine) []float64 {
	t.Helper()
	z, err := e.Logits([]negativa.Token{0}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// suppress takes one SGD step down a loss of token y alone, with slope ∂L/∂ ln π_y, and
// returns the moves of the logits and of the probabilities.
func suppress(t *testing.T, p []float64, y int, rate float64, slope func(p float64) float64) (dz, dp []float64) {
	t.Helper()
	e := bandit(t, p)
	batch := []negativa.Datum{{ID: "y", Prompt: []negativa.Token{0}, Completion: []negativa.Token{negativa.Token(y)}, Sign: -1}}
	loss := negativa.Loss{Row: func(_ *negativa.Row, at, grad *negativa.Evaluation) float64 {
		grad.Logprobs[0] = slope(math.Exp(at.Logprobs[0]))
		return 0
	}}
	if _, err := e.ForwardBackward(t.Context(), batch, loss, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := e.OptimStep(t.Context(), engine.OptimParams{Optimizer: engine.SGD, LearningRate: rate}); err != nil {
		t.Fatal(err)
	}
	for v, z := range logits(t, e) {
		dz = append(dz, z-math.Log(p[v]))
	}
	for v, q := range softmax(logits(t, e)) {
		dp = append(dp, q-p[v])
	}
	return dz, dp
}

func softmax(z []float64) []float64 {
	out, sum := make([]float64, len(z)), 0.0
	for v := range z {
		out[v] = math.Exp(z[v])
		sum += out[v]
	}
	for v := range out {
		out[v] /= sum
	}
	return out
}

var (
	asProbability    = func(p float64) float64 { return p } // L = π_y, eq. 8
	asLogProbability = func(float64) float64 { return 1 }   // L = ln π_y, which training descends
)

var priors = [][]float64{
	{0.4, 0.3, 0.2, 0.1},
	{0.9, 0.05, 0.03, 0.02},
	{0.001, 0.6, 0.3, 0.099},
	{0.25, 0.25, 0.25, 0.25},
}

// Eq. 8 on the engine: the logits of the others rise by rate · π_v · π_y, in proportion to
// the prior; the form that training descends lacks the factor π_y and has the same
// direction.
func TestLogitsRiseInProportion(t *testing.T) {
	const rate = 1e-4
	for _, p := range priors {
		for y := range p {
			whole, _ := suppress(t, p, y, rate, asLogProbability)
			form, _ := suppress(t, p, y, rate, asProbability)
			for v := range p {
				want := rate * p[v]
				if v == y {
					want = -rate * (1 - p[y])
				}
				if math.Abs(whole[v]-want) > 1e-14 || math.Abs(form[v]-want*p[y]) > 1e-14 {
					t.Errorf("%v, token %d: z_%d moves by %v and %v, want %v and %v", p, y, v, whole[v], form[v], want, want*p[y])
				}
			}
		}
	}
}

// Where the probability goes, in either form: not in proportion to the prior, but as Squeezed
// says. What is freed differs by the factor π_y.
func TestProbabilityGoesWhereSqueezedSays(t *testing.T) {
	for _, p := range priors {
		for y := range p {
			want := Squeezed(p, y)
			_, whole := suppress(t, p, y, 1e-6, asLogProbability)
			_, form := suppress(t, p, y, 1e-6, asProbability)
			for v := range p {
				for name, dp := range map[string][]float64{"ln π": whole, "π": form} {
					if got := dp[v] / -dp[y]; math.Abs(got-want[v]) > 1e-5*max(1, math.Abs(want[v])) {
						t.Errorf("%v, token %d, form %s: token %d has %v of what is freed, want %v", p, y, name, v, got, want[v])
					}
				}
			}
			if ratio := form[y] / whole[y]; math.Abs(ratio/p[y]-1) > 1e-5 {
				t.Errorf("%v, token %d: the form π frees %v of what ln π does, want π_y", p, y, ratio)
			}
		}
	}
}

// The squeezing effect: the arg-max has more than its proportional share, unless all others
// are alike; tokens with p_v < Σp² − p_y lose.
func TestArgMaxHasMoreThanItsShare(t *testing.T) {
	for _, p := range priors {
		squares := 0.0
		for _, q := range p {
			squares += q * q
		}
		for y := range p {
			o, squeezed, proportional := OutlookOf(p, y), Squeezed(p, y), Proportional(p, y)
			alike := p[0] == p[1]
			if (o.Squeezed > o.Proportional+1e-12) == alike {
				t.Errorf("%v, token %d: the arg-max has %v, in proportion %v", p, y, o.Squeezed, o.Proportional)
			}
			sum, fair := 0.0, 0.0
			for v := range p {
				sum, fair = sum+squeezed[v], fair+proportional[v]
				if v != y && (squeezed[v] < -1e-12) != (p[v] < squares-p[y]-1e-12) {
					t.Errorf("%v, token %d: token %d has %v", p, y, v, squeezed[v])
				}
				if want := p[v] / (1 - p[y]); v != y && math.Abs(proportional[v]-want) > 1e-15 {
					t.Errorf("%v, token %d: the proportional share of %d is %v, want %v", p, y, v, proportional[v], want)
				}
			}
			if math.Abs(sum) > 1e-12 || math.Abs(fair) > 1e-12 {
				t.Errorf("%v, token %d: what is gained and lost adds up to %v and %v", p, y, sum, fair)
			}
		}
	}
	if s := Squeezed(priors[2], 0); s[3] >= 0 || s[1] < 1 {
		t.Errorf("an unlikely token is pushed down: shares %v, want less than nothing for the least and more than all for the likeliest", s)
	}
}

func TestOutlookByHand(t *testing.T) {
	o := OutlookOf([]float64{0.5, 0.2, 0.2, 0.1}, 0)
	want := Outlook{Token: 0, ArgMax: 1, P: 0.5, Top: 0.2, Proportional: 0.4, Squeezed: 0.2 * (0.2 + 0.5 - 0.34) / (0.5 * 0.34)}
	if math.Abs(o.Squeezed-want.Squeezed) > 1e-15 {
		t.Errorf("%+v, want %+v", o, want)
	}
	if o.Squeezed = want.Squeezed; o != want {
		t.Errorf("%+v, want %+v", o, want)
	}
	lost, gained := o.Freed([]float64{0.4, 0.27, 0.2, 0.13})
	if math.Abs(lost-0.1) > 1e-15 || math.Abs(gained-0.07) > 1e-15 {
		t.Errorf("lost %v, of which %v went to the arg-max; want 0.1 and 0.07", lost, gained)
	}
	if o := OutlookOf([]float64{0, 1, 0}, 1); o.Proportional != 0 || o.Squeezed != 0 {
		t.Errorf("where nothing else is possible: %+v", o)
	}
}
