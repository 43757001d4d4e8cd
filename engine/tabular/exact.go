package tabular

import (
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
)

// Everything here is at temperature one, over completions that end at the first of
// the Config's Stop tokens or at MaxTokens, and averaged over prompts where no prompt
// is named.

// Completion is one completion with its probability given the prompt.
type Completion struct {
	Tokens      []negativa.Token
	Probability float64
}

// Value is a function of a prompt and a completion, such as a reward. It must not keep
// or change its arguments.
type Value func(prompt, completion []negativa.Token) float64

// Enumerate returns every completion of a prompt, in lexicographic order of tokens.
// The probabilities add up to one.
func (e *Engine) Enumerate(prompt []negativa.Token) ([]Completion, error) {
	x, err := e.find(prompt)
	if err != nil {
		return nil, fmt.Errorf("enumerate: %w", err)
	}
	var all []Completion
	e.walk(root(x), func(tokens []negativa.Token, probability float64) float64 {
		all = append(all, Completion{slices.Clone(tokens), probability})
		return 0
	}, nil)
	return all, nil
}

// Expectation is E_x E_{y~π(·|x)} f(x, y).
func (e *Engine) Expectation(f Value) float64 {
	sum := 0.0
	for x := range e.config.Prompts {
		sum += e.walk(root(x), e.ofCompletion(x, f), nil)
	}
	return sum / float64(len(e.config.Prompts))
}

// Gradient is the derivative of Expectation(f) with respect to every logit, [P, S, V]
// in row-major order as the table is saved: the policy gradient theorem (Sutton et al.,
// 1999) with exact values,
//
//	∂E/∂z_sv = (1/P) · d(s) · π(v|s) · (Q(s, v) − V(s))
//
// where d(s) is the probability of reaching the state s.
func (e *Engine) Gradient(f Value) []float64 {
	grad := make([]float64, len(e.logits))
	for x := range e.config.Prompts {
		e.walk(root(x), e.ofCompletion(x, f), func(s state, values []float64, value float64) {
			at := e.offset(s.prompt, s.index)
			for v, lp := range s.logprobs {
				grad[at+v] = s.reach * math.Exp(lp) * (values[v] - value) / float64(len(e.config.Prompts))
			}
		})
	}
	return grad
}

// Entropy is E_x H(π(·|x)): the entropy in nats of the distribution over whole
// completions, by the chain rule the expected sum of the entropies of their tokens.
func (e *Engine) Entropy() float64 {
	sum := 0.0
	for x := range e.config.Prompts {
		e.walk(root(x), func([]negativa.Token, float64) float64 { return 0 }, func(s state, _ []float64, _ float64) {
			sum += s.reach * entropy(s.logprobs)
		})
	}
	return sum / float64(len(e.config.Prompts))
}

// PassAtK is E_x[1 − (1 − p_x)^k], where p_x is the probability of the completions that
// are right: the chance that one of k independent samples is. k is at least 1.
func (e *Engine) PassAtK(k int, right func(prompt, completion []negativa.Token) bool) (float64, error) {
	if k < 1 {
		return 0, fmt.Errorf("pass@k of k = %d: k must be at least 1", k)
	}
	sum := 0.0
	for x := range e.config.Prompts {
		p := e.walk(root(x), e.ofCompletion(x, indicator(right)), nil)
		sum -= math.Expm1(float64(k) * math.Log1p(-min(1, p))) // exact for small p, where (1 − p)^k is not
	}
	return sum / float64(len(e.config.Prompts)), nil
}

func indicator(right func(prompt, completion []negativa.Token) bool) Value {
	return func(prompt, completion []negativa.Token) float64 {
		if right(prompt, completion) {
			return 1
		}
		return 0
	}
}

// state is a prefix of a prompt's completions as a walk finds it.
type state struct {
	prompt, index int
	prefix        []negativa.Token
	reach         float64   // its probability
	logprobs      []float64 // V, of the next token
}

func root(prompt int) state { return state{prompt: prompt, reach: 1} }

// leaf is a completion's value.
type leaf func(tokens []negativa.Token, probability float64) float64

func (p *policy) ofCompletion(prompt int, f Value) leaf {
	return func(tokens []negativa.Token, _ float64) float64 { return f(p.config.Prompts[prompt], tokens) }
}

// walk goes through the completions below a state in lexicographic order and returns
// their expected value. If after is not nil, it sees each state once those below it are
// done, with the expected value of each next token and of the state.
func (p *policy) walk(s state, at leaf, after func(s state, values []float64, value float64)) (value float64) {
	s.logprobs = make([]float64, p.config.VocabSize)
	logSoftmax(s.logprobs, p.row(s.prompt, s.index), 1)
	values := make([]float64, len(s.logprobs))
	for v, lp := range s.logprobs {
		token := negativa.Token(v)
		prefix, reach := append(s.prefix, token), s.reach*math.Exp(lp)
		if p.ends(prefix) {
			values[v] = at(prefix, reach)
		} else {
			values[v] = p.walk(state{prompt: s.prompt, index: p.child(s.index, token), prefix: prefix, reach: reach}, at, after)
		}
		value += math.Exp(lp) * values[v]
	}
	if after != nil {
		after(s, values, value)
	}
	return value
}

func (p *policy) ends(prefix []negativa.Token) bool {
	return len(prefix) == p.config.MaxTokens || slices.Contains(p.config.Stop, prefix[len(prefix)-1])
}
