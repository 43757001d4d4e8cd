// Package tabular is an exact softmax policy: one logit for each token after each
// prefix of each prompt, over prompts and completions few enough to list. It passes
// the same suite as any engine, and every expectation under it is a finite sum:
// probabilities of all completions, Pass@k, entropy, and gradients of expectations.
// A law about objectives is proved or refuted on it, without sampling noise.
//
// All numbers are float64. The log-probabilities that Sample and Logprobs return are
// those of ForwardBackward, rounded to float32.
//
// Shape letters: P prompts, V vocabulary, S states of a prompt: the prefixes that a
// token can follow.
package tabular

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
)

// Config says what the policy is a table of.
type Config struct {
	VocabSize        int                `json:"vocab_size"`
	MaxTokens        int                `json:"max_completion_length"` // of the longest completion
	Stop             []negativa.Token   `json:"stop_token_ids"`        // tokens that end a completion; none: all have MaxTokens tokens
	Prompts          [][]negativa.Token `json:"prompts"`               // the only ones the policy knows
	InitializerRange float64            `json:"initializer_range"`     // standard deviation of fresh logits; 0: the uniform policy
}

// maxLogits bounds the table: 2²² logits and two moments are 100 MB.
const maxLogits = 1 << 22

// Engine is the policy with its optimizer state. It implements engine.Engine.
type Engine struct {
	*policy
	grad []float64 // accumulated since the last OptimStep, in the layout of the logits
	m, v []float64 // AdamW's moments
	step int

	start []float64 // the logits where the move begins; nil: none is tracked
}

// policy is what a frozen reference keeps.
type policy struct {
	config Config
	prompt map[string]int // index of each prompt
	states int            // S
	logits []float64      // [P, S, V]
}

var (
	_ engine.Engine      = (*Engine)(nil)
	_ engine.MoveTracker = (*Engine)(nil)
	_ engine.Distributor = (*policy)(nil)
)

// New returns a fresh policy. Its logits are normal draws addressed by the seed.
func New(config Config, seed uint64) (*Engine, error) {
	p, err := newPolicy(config)
	if err != nil {
		return nil, fmt.Errorf("make a tabular policy: %w", err)
	}
	source := draw.New(seed, "initialise")
	for i := range p.logits {
		p.logits[i] = config.InitializerRange * source.Normal(uint64(i))
	}
	return newEngine(p), nil
}

func newEngine(p *policy) *Engine {
	n := len(p.logits)
	return &Engine{policy: p, grad: make([]float64, n), m: make([]float64, n), v: make([]float64, n)}
}

// newPolicy returns the uniform policy.
func newPolicy(config Config) (*policy, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	states, err := config.states()
	if err != nil {
		return nil, err
	}
	p := &policy{config: config, prompt: map[string]int{}, states: states}
	for i, prompt := range config.Prompts {
		if err := p.checkTokens(prompt); err != nil {
			return nil, fmt.Errorf("prompt %d: %w", i, err)
		}
		if _, twice := p.prompt[key(prompt)]; twice {
			return nil, fmt.Errorf("prompt %v is listed twice", prompt)
		}
		p.prompt[key(prompt)] = i
	}
	if err := p.checkTokens(config.Stop); err != nil {
		return nil, fmt.Errorf("stop_token_ids: %w", err)
	}
	p.logits = make([]float64, len(config.Prompts)*states*config.VocabSize)
	return p, nil
}

func (c Config) validate() error {
	switch {
	case c.VocabSize < 1:
		return fmt.Errorf("vocab_size is %d; it must be at least 1", c.VocabSize)
	case c.MaxTokens < 1:
		return fmt.Errorf("max_completion_length is %d; it must be at least 1", c.MaxTokens)
	case len(c.Prompts) == 0:
		return errors.New("prompts is empty: the policy needs at least one")
	case slices.ContainsFunc(c.Prompts, func(p []negativa.Token) bool { return len(p) == 0 }):
		return errors.New("a prompt is empty: it needs at least one token")
	case !(c.InitializerRange >= 0) || math.IsInf(c.InitializerRange, 0):
		return fmt.Errorf("initializer_range is %v; it must be a finite number, 0 or above", c.InitializerRange)
	}
	return nil
}

// states is S = 1 + V + … + V^(MaxTokens−1).
func (c Config) states() (int, error) {
	most := maxLogits / len(c.Prompts) / c.VocabSize
	states, width := 0, 1
	for range c.MaxTokens {
		if states += width; states > most {
			return 0, fmt.Errorf("%d prompts, a vocabulary of %d and completions of %d tokens need a table above %d logits: make one of them smaller",
				len(c.Prompts), c.VocabSize, c.MaxTokens, maxLogits)
		}
		width *= c.VocabSize
	}
	return states, nil
}

func key(prompt []negativa.Token) string { return fmt.Sprint(prompt) }

// child is the state after a token in a state of the same prompt; the root is 0.
func (p *policy) child(state int, token negativa.Token) int {
	return state*p.config.VocabSize + int(token) + 1
}

// offset is where the logits of a state of a prompt begin.
func (p *policy) offset(prompt, state int) int {
	return (prompt*p.states + state) * p.config.VocabSize
}

func (p *policy) row(prompt, state int) []float64 {
	at := p.offset(prompt, state)
	return p.logits[at : at+p.config.VocabSize : at+p.config.VocabSize]
}

// Logits returns the logits of the token after a prefix of a completion, one for each
// token of the vocabulary. Writing to them changes the policy.
func (e *Engine) Logits(prompt, prefix []negativa.Token) ([]float64, error) {
	x, err := e.find(prompt)
	if err != nil {
		return nil, err
	}
	if len(prefix) >= e.config.MaxTokens {
		return nil, fmt.Errorf("no token follows a prefix of %d tokens: completions have at most %d", len(prefix), e.config.MaxTokens)
	}
	if err := e.checkTokens(prefix); err != nil {
		return nil, err
	}
	state := 0
	for _, t := range prefix {
		state = e.child(state, t)
	}
	return e.row(x, state), nil
}

// Capabilities implements engine.Engine: entropies, and no value head.
func (e *Engine) Capabilities() engine.Capabilities {
	return engine.Capabilities{Entropies: true}
}

// Reference implements engine.Engine with a copy of the logits.
func (e *Engine) Reference() (engine.Scorer, error) {
	frozen := *e.policy
	frozen.logits = slices.Clone(e.logits)
	return &frozen, nil
}

// TrackMove implements engine.MoveTracker.
func (e *Engine) TrackMove(start engine.Scorer) error {
	p, ok := start.(*policy)
	if !ok || len(p.logits) != len(e.logits) {
		return errors.New("track the move: its start must be a reference of this engine")
	}
	e.start = p.logits
	return nil
}

func (p *policy) find(prompt []negativa.Token) (int, error) {
	if len(prompt) == 0 {
		return 0, errors.New("the prompt is empty: it needs at least one token")
	}
	if err := p.checkTokens(prompt); err != nil {
		return 0, err
	}
	x, ok := p.prompt[key(prompt)]
	if !ok {
		return 0, fmt.Errorf("prompt %v is not known: a tabular policy knows the %d prompts it was made with", prompt, len(p.config.Prompts))
	}
	return x, nil
}

// check finds a prompt and refuses completions outside the table.
func (p *policy) check(prompt, completion []negativa.Token) (x int, err error) {
	switch {
	case len(completion) == 0:
		return 0, errors.New("the completion is empty: it needs at least one token")
	case len(completion) > p.config.MaxTokens:
		return 0, fmt.Errorf("the completion has %d tokens, the policy's longest has %d (max_completion_length)", len(completion), p.config.MaxTokens)
	}
	if err := p.checkTokens(completion); err != nil {
		return 0, err
	}
	return p.find(prompt)
}

func (p *policy) checkTokens(tokens []negativa.Token) error {
	for i, t := range tokens {
		if t < 0 || int(t) >= p.config.VocabSize {
			return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", t, i, p.config.VocabSize)
		}
	}
	return nil
}

func checkTemperature(temperature float64) error {
	if !(temperature >= 0) || math.IsInf(temperature, 0) {
		return fmt.Errorf("temperature is %v; it must be a finite number ≥ 0", temperature)
	}
	return nil
}

// divisor is what logits are divided by at a temperature: greedy sampling, which has
// no distribution of its own, is scored at temperature one.
func divisor(temperature float64) float64 {
	if temperature == 0 {
		return 1
	}
	return temperature
}

// logSoftmax writes log π = z/d − ln Σ exp(z/d) to dst.
func logSoftmax(dst, z []float64, d float64) {
	top, sum := slices.Max(z)/d, 0.0
	for i, v := range z {
		dst[i] = v/d - top
		sum += math.Exp(dst[i])
	}
	norm := math.Log(sum)
	for i := range dst {
		dst[i] -= norm
	}
}
