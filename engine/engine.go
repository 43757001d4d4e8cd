// Package engine states what a policy can do. The verbs are those of the Tinker
// API: Sample, Logprobs, ForwardBackward, OptimStep, Save, Load, and a frozen
// Reference. Every engine passes the suite in enginetest.
package engine

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/negativa-lab/negativa"
)

// Engine is a policy that can be sampled, scored, trained and stored.
// Its methods are not safe for concurrent use; each uses all threads it was given.
type Engine interface {
	Sampler
	Trainer
	Checkpointer
	Capabilities() Capabilities
	// Reference returns a frozen copy of the policy as it is now.
	Reference() (Scorer, error)
}

// Capabilities tells what an engine offers beyond the interface. What a run needs
// and its engine lacks is refused before the first step.
type Capabilities struct {
	Entropies bool // full-vocabulary entropy per token, with gradient
	Values    bool // a value head
}

// ErrUnsupported is wrapped by errors about a capability an engine lacks.
var ErrUnsupported = errors.New("not supported by this engine")

// Sampler draws completions and scores them.
type Sampler interface {
	Scorer
	// Sample draws N completions of each request's prompt. Result [i][j] is
	// sample j of request i. A draw depends on the parameters, the prompt, the
	// request's Seed, the sample's index and the position, and on nothing else.
	Sample(ctx context.Context, requests []Request, params SampleParams) ([][]negativa.Rollout, error)
}

// Scorer evaluates completions that exist.
type Scorer interface {
	// Logprobs returns the log-probability of each completion token at a
	// temperature: bit for bit what Sample records when it draws the same tokens.
	Logprobs(ctx context.Context, sequences []Sequence, temperature float64) ([][]float32, error)
}

// Distributor is a Scorer that knows the whole distribution of a next token. Not every
// engine is one.
type Distributor interface {
	// Distributions returns the log-probability of every token of the vocabulary in the place
	// of each sequence's last one, [V] a sequence: the last token's own is, bit for bit, what
	// Logprobs says of it.
	Distributions(ctx context.Context, sequences []Sequence, temperature float64) ([][]float32, error)
}

// Request asks for N samples of one prompt.
type Request struct {
	Prompt []negativa.Token // at least one token
	N      int
	Seed   uint64 // the address of the group's draws; samples and positions are addressed below it
}

// Sequence is a prompt with one completion.
type Sequence struct {
	Prompt     []negativa.Token
	Completion []negativa.Token
}

// SampleParams says how to draw. Logits are divided by Temperature, then cut to
// the TopK likeliest tokens, then to the smallest set with probability ≥ TopP,
// then to tokens with probability ≥ MinP times that of the likeliest.
type SampleParams struct {
	MaxTokens   int              // ≥ 1: the limit of a completion's length
	Temperature float64          // > 0, or 0 for the likeliest token (lowest id on ties)
	TopK        int              // 0: off
	TopP        float64          // in (0, 1]; 1: off
	MinP        float64          // in [0, 1]; 0: off
	Stop        []negativa.Token // tokens that end a completion
}

// Cuts tells whether top-k, top-p or min-p leave tokens out.
func (p SampleParams) Cuts() bool { return p.TopK > 0 || p.TopP < 1 || p.MinP > 0 }

// Trainer accumulates gradients and applies them.
type Trainer interface {
	// ForwardBackward evaluates every datum at the current parameters, asks loss
	// for its derivatives, and adds the gradient of the summed loss to what has
	// accumulated since the last OptimStep. Log-probabilities are taken at the
	// given temperature. Rows are summed in the order right (Sign > 0), wrong,
	// neither, by ID within each, whatever the order of the batch. An error discards
	// all that has accumulated since the last OptimStep.
	ForwardBackward(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (Result, error)
	// OptimStep applies the accumulated gradient and clears it. A gradient that is
	// not finite is an error that changes no parameter and discards it.
	OptimStep(ctx context.Context, params OptimParams) (Update, error)
	// ResetOptimizer forgets the optimizer's moments and its count of steps. What has
	// accumulated stays.
	ResetOptimizer()
}

// Result is what ForwardBackward found.
type Result struct {
	Loss        float64
	Evaluations []negativa.Evaluation // of the batch's rows, in the batch's order, before any update
	RightNorm   float64               // norm of the part of this call's gradient that came from rows with Sign > 0
	WrongNorm   float64               // the same for Sign < 0
	Cosine      float64               // between the two parts; NaN where one is zero

	// Cosines of the descent direction of each part, −g, with the move that a MoveTracker
	// tracks, θ − θ_start, before any update: above 0 where the part pushes on the way that
	// the parameters have gone. NaN where the part or the move is zero, or none is tracked.
	RightMove, WrongMove float64
}

// MoveTracker is a Trainer that can tell how its gradients lie to the way the parameters
// have gone. Not every engine is one.
type MoveTracker interface {
	// TrackMove makes what Reference returned the start of the move. It stays the start
	// whatever is loaded later, unless that has other parameters: then nothing is tracked.
	TrackMove(start Scorer) error
}

// OptimParams is one optimizer step.
type OptimParams struct {
	Optimizer    Optimizer
	LearningRate float64
	Beta1, Beta2 float64 // AdamW
	Epsilon      float64 // AdamW
	WeightDecay  float64 // decoupled: p -= LearningRate · WeightDecay · p
	MaxGradNorm  float64 // gradients are scaled by min(1, MaxGradNorm / (norm + 1e-6)); 0: off
}

// Validate names the setting that is out of range.
func (o OptimParams) Validate() error {
	in := func(x, low, high float64) bool { return x >= low && x < high }
	for _, c := range []struct {
		name  string
		value float64
		ok    bool
		must  string
	}{
		{"learning rate", o.LearningRate, in(o.LearningRate, 0, math.Inf(1)), "a finite number ≥ 0"},
		{"beta1", o.Beta1, in(o.Beta1, 0, 1), "in [0, 1)"},
		{"beta2", o.Beta2, in(o.Beta2, 0, 1), "in [0, 1)"},
		{"epsilon", o.Epsilon, in(o.Epsilon, 0, math.Inf(1)), "a finite number ≥ 0"},
		{"weight decay", o.WeightDecay, in(o.WeightDecay, 0, math.Inf(1)), "a finite number ≥ 0"},
		{"max grad norm", o.MaxGradNorm, in(o.MaxGradNorm, 0, math.Inf(1)), "a finite number ≥ 0, where 0 is off"},
	} {
		if !c.ok {
			return fmt.Errorf("the optimizer's %s is %v; it must be %s", c.name, c.value, c.must)
		}
	}
	if o.Optimizer != AdamW && o.Optimizer != SGD {
		return fmt.Errorf("optimizer %q is not known: use %q or %q", o.Optimizer, AdamW, SGD)
	}
	return nil
}

// Optimizer names an update rule.
type Optimizer string

// The update rules: AdamW (Loshchilov and Hutter, 1711.05101) and plain SGD.
const (
	AdamW Optimizer = "adamw"
	SGD   Optimizer = "sgd"
)

// Update is what OptimStep did.
type Update struct {
	GradNorm float64 // before clipping
	Step     int     // optimizer steps taken so far, this one included
}

// Checkpointer stores and restores the policy, its optimizer state and its step
// count. Save writes a folder that Load, given to any engine of the same kind,
// turns into the same bytes.
type Checkpointer interface {
	Save(ctx context.Context, dir string) error
	Load(ctx context.Context, dir string) error
}
