// Package native is the engine of the project's own: the decoder-only transformer of
// Qwen2, Qwen2.5, Qwen3 and Llama 3 (RMSNorm, rotary positions, grouped-query attention,
// SwiGLU) in Go, read from and written to Hugging Face folders, as a whole or with
// low-rank adapters on frozen weights.
//
// Sampling, scoring and training run the same functions on the same kernels, row by
// row, so a recomputed log-probability equals the sampled one bit for bit, and no
// result depends on the batch, the micro-batch or the number of threads. Backward
// passes are derived by hand; each layer is a forward and a backward function.
//
// Shape letters: C hidden width, H heads, D head width, V vocabulary, N rows (tokens
// of all sequences of a batch, packed end to end; nothing is padded).
package native

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Options say how to compute. No result depends on any of them but Precision.
type Options struct {
	Threads          int       // 0: one for each CPU
	MicroBatchTokens int       // rows whose activations are held at once; 0: 2048. Each thread has one prompt with its completions at least.
	Recompute        bool      // hold each layer's input alone and compute the rest again on the way back: less memory, a third more work
	Precision        Precision // of the factors of products; "": F32

	// Weights is how what is trained is stored: F32, also for "", is a master copy in float32.
	// BF16 keeps bfloat16 numbers alone: each update is rounded up or down at random, by draws
	// of Seed, so that updates smaller than the numbers' spacing are not lost but rare.
	Weights Precision
	Seed    uint64

	UpdateMask string // file that says which weights training may move; "": all

	Frozen bool   // the model is not to be trained: its weights are held once, packed for products
	LoRA   *LoRA  // train fresh adapters on frozen weights; not with an adapter's folder, which has its own
	Base   string // the folder that an adapter's folder belongs to; "": the one that it names
	Name   string // of the base model, as adapters are to record it; "": its folder
}

// frozen tells whether the model's own weights stay as they are.
func (o *Options) frozen() bool { return o.Frozen || o.LoRA != nil }

// base is what the set of the model's own parameters holds.
func (o *Options) base() contents {
	if o.frozen() {
		return contents{model: true, value: true}
	}
	return whole
}

// Precision is what the factors of products with weights are rounded to. Sums, norms,
// attention, master weights and the optimizer's states are float32 in either.
type Precision string

// The precisions. Under BF16, sampled and recomputed log-probabilities are the same
// bits as well.
const (
	F32  Precision = "f32"
	BF16 Precision = "bf16"
)

// Engine is a transformer with its optimizer state. It implements engine.Engine.
type Engine struct {
	options Options
	model   *model
	adam    *adam
	stepper *stepper
	seen    map[string]bool // scratch: the IDs of a batch
	start   []float32       // what is trained, as it was where the move begins; nil: no move is tracked

	scorer   *scorer
	learner  *learner      // nil until the first use
	decoders chan *decoder // one for each thread
}

var (
	_ engine.MoveTracker = (*Engine)(nil)
	_ engine.Distributor = (*Engine)(nil)
)

// model is what a forward pass needs, and all that a frozen reference keeps.
type model struct {
	*params           // of a frozen model: its vectors alone
	lora      *LoRA   // nil: none
	adapters  *params // with lora: what is trained
	precision Precision
	stored    Precision // how what is trained is written
	forward   packed
	rope      *kernel.RoPE

	dir      string            // that the model came from; "": none
	baseName string            // as adapters record it
	files    map[string][]byte // beside the weights: what a saved model carries on

	// Of a frozen model:
	source   *safetensors.Folder        // its weights
	table    safetensors.Tensor         // its embeddings
	wide     [projections]kernel.Packed // the projections of the layer that is walked back through, W as [out, in]
	wideHead kernel.Packed              // some rows of its vocabulary projection
}

// trains is what the set of trained parameters holds; trained is that set.
func (m *model) trains() contents {
	if m.lora != nil {
		return m.lora.contents()
	}
	return whole
}

func (m *model) trained() *params {
	if m.lora != nil {
		return m.adapters
	}
	return m.params
}

// trainable refuses a model that was opened frozen.
func (m *model) trainable() error {
	if m.source != nil && m.lora == nil {
		return errors.New("the model was opened frozen: to be sampled and scored, not to be trained or saved")
	}
	return nil
}

// New returns a freshly initialised model.
func New(config Config, seed uint64, options Options) (*Engine, error) {
	config.ModelType = cmp.Or(config.ModelType, Qwen3)
	if err := errors.Join(config.validate(), options.resolve()); err != nil {
		return nil, fmt.Errorf("make a model: %w", err)
	}
	if options.frozen() {
		return nil, errors.New("make a model: a fresh one cannot be frozen: save it, and open its folder")
	}
	if err := afford(config.toSample(options), "choose a smaller model"); err != nil {
		return nil, fmt.Errorf("make a model: %w", err)
	}
	m := &model{params: newParams(config, whole), precision: options.Precision, files: config.files()}
	m.initialise(seed, options.Threads)
	return assemble(m, new(adam), options), nil
}

// Open reads a model folder; if it is a checkpoint, its optimizer state too.
func Open(dir string, options Options) (*Engine, error) {
	if err := options.resolve(); err != nil {
		return nil, fmt.Errorf("open model %s: %w", dir, err)
	}
	m, optimizer, err := read(dir, options)
	if err != nil {
		return nil, err
	}
	e := assemble(m, optimizer, options)
	if options.UpdateMask != "" {
		if e.stepper.mask, err = readMask(options.UpdateMask, m); err != nil {
			return nil, fmt.Errorf("open model %s: %w", dir, err)
		}
	}
	return e, nil
}

// resolve puts numbers in the place of zeros.
func (o *Options) resolve() error {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.MicroBatchTokens <= 0 {
		o.MicroBatchTokens = 2048
	}
	if o.Precision == "" {
		o.Precision = F32
	}
	if o.Weights == "" {
		o.Weights = F32
	}
	for _, p := range []Precision{o.Precision, o.Weights} {
		if p != F32 && p != BF16 {
			return fmt.Errorf("dtype %q is not known: it is %q or %q", p, F32, BF16)
		}
	}
	return nil
}

func assemble(m *model, optimizer *adam, options Options) *Engine {
	e := &Engine{options: options, stepper: newStepper(), seen: make(map[string]bool)}
	e.adopt(m, optimizer)
	return e
}

// adopt makes m the engine's model.
func (e *Engine) adopt(m *model, optimizer *adam) {
	m.rope, m.stored = newRope(m.config), e.options.Weights
	if m.stored == BF16 {
		kernel.RoundHalf(m.trained().arena, m.trained().arena)
	}
	m.ready(e.options.Threads)
	if len(e.start) != len(m.trained().arena) {
		e.start = nil
	}
	e.model, e.options.LoRA = m, m.lora
	e.adam = optimizer
	e.scorer, e.learner = newScorer(e.model, e.options), nil
	e.decoders = make(chan *decoder, e.options.Threads)
	for range e.options.Threads {
		e.decoders <- new(decoder)
	}
}

// ready makes a model one that can be multiplied by.
func (m *model) ready(threads int) {
	if m.forward.layers == nil {
		m.forward.layers = make([][projections]projection, m.config.Layers)
	}
	m.plan()
	m.pack(threads)
}

// copy is a model with the same parameters that no training changes. What is frozen in
// this one is shared.
func (m *model) copy(threads int) *model {
	c := &model{
		params: m.params, lora: m.lora, precision: m.precision, rope: m.rope, dir: m.dir,
		source: m.source, table: m.table,
	}
	clone := func(p *params) *params {
		q := newParams(m.config, m.trains())
		copy(q.arena, p.arena)
		return q
	}
	if m.source == nil {
		c.params = clone(m.params)
		c.ready(threads)
		return c
	}
	c.forward.head, c.forward.layers = m.forward.head, slices.Clone(m.forward.layers)
	if m.lora != nil {
		c.adapters = clone(m.adapters)
	}
	c.ready(threads)
	return c
}

// Config returns the model's shape.
func (e *Engine) Config() Config { return e.model.config }

// Parameters returns the number of parameters of the policy, those of adapters among
// them, the value head apart.
func (e *Engine) Parameters() int {
	n := int(e.model.config.Parameters())
	if e.model.lora != nil {
		n += e.Trained()
	}
	return n
}

// Trained returns the number of parameters that training changes, the value head apart.
func (e *Engine) Trained() int {
	return len(e.model.trained().arena) - e.model.config.HiddenSize - 1
}

// Capabilities implements engine.Engine.
func (e *Engine) Capabilities() engine.Capabilities {
	return engine.Capabilities{Entropies: true, Values: true}
}

// Reference implements engine.Engine with a copy of the parameters.
func (e *Engine) Reference() (engine.Scorer, error) {
	if e.model.source == nil {
		if err := afford(e.model.config.toSample(e.options), "choose a smaller model, or dtype bf16"); err != nil {
			return nil, fmt.Errorf("freeze a reference: %w", err)
		}
	}
	return reference{newScorer(e.model.copy(e.options.Threads), e.options)}, nil
}

type reference struct{ scorer *scorer }

// TrackMove implements engine.MoveTracker. The move begins at the reference's own copy of
// what is trained, so that tracking it takes no memory of its own while the reference is
// kept.
func (e *Engine) TrackMove(start engine.Scorer) error {
	r, ok := start.(reference)
	if !ok || len(r.scorer.model.trained().arena) != len(e.model.trained().arena) {
		return errors.New("track the move: its start must be a reference of this engine")
	}
	e.start = r.scorer.model.trained().arena
	return nil
}

// Logprobs implements engine.Scorer.
func (r reference) Logprobs(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	return r.scorer.logprobs(ctx, sequences, temperature)
}

// Logprobs implements engine.Scorer.
func (e *Engine) Logprobs(ctx context.Context, sequences []engine.Sequence, temperature float64) ([][]float32, error) {
	return e.scorer.logprobs(ctx, sequences, temperature)
}

// check refuses what the model cannot read.
func (m *model) check(prompt, completion []negativa.Token) error {
	switch {
	case len(prompt) == 0:
		return errors.New("the prompt is empty: it needs at least one token")
	case len(completion) == 0:
		return errors.New("the completion is empty: it needs at least one token")
	case len(prompt)+len(completion)-1 > m.config.MaxPositions:
		return fmt.Errorf("prompt and completion have %d tokens, the model has %d positions (max_position_embeddings)",
			len(prompt)+len(completion), m.config.MaxPositions)
	}
	return errors.Join(m.checkTokens(prompt), m.checkTokens(completion))
}

func (m *model) checkTokens(tokens []negativa.Token) error {
	for i, t := range tokens {
		if t < 0 || int(t) >= m.config.VocabSize {
			return fmt.Errorf("token %d at position %d is outside the vocabulary of %d", t, i, m.config.VocabSize)
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
func divisor(temperature float64) float32 {
	if temperature == 0 {
		return 1
	}
	return float32(temperature)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
