package native

import (
	"fmt"
	"math"

	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// tensor is a named view of parameters: rows × cols, row-major; vectors have one row.
type tensor struct {
	name       string
	rows, cols int
	shape      []int     // as stored in files
	data       []float32 // nil: a frozen matrix, which is held packed alone
}

// linear is a projection y = x·Wᵀ + b, and with an adapter + s·(x·Aᵀ)·Bᵀ (Hu et al.,
// 2106.09685). What a set of parameters does not hold is nil.
type linear struct {
	module  string    // as in files, without ".weight"
	out, in int       // widths
	weight  []float32 // [out, in]
	bias    []float32 // [out]
	a, b    []float32 // [r, in], [out, r]
}

// The projections of a layer, as they are computed.
const (
	qProj = iota
	kProj
	vProj
	oProj
	gateProj
	upProj
	downProj
	projections
)

// layer is one decoder block.
type layer struct {
	inputNorm, postNorm []float32 // [C]
	qNorm, kNorm        []float32 // [D]; nil: the architecture has none
	linears             [projections]linear
}

// params is a set of parameters, or of anything with one number for each: gradients
// and optimizer states. All lie in one arena, in the order of tensors.
type params struct {
	config    Config
	arena     []float32
	tensors   []tensor
	embed     []float32 // [V, C]
	layers    []layer
	norm      []float32 // [C]
	head      []float32 // [V, C]; embed itself where the head is tied
	value     []float32 // [C]: the value head
	valueBias []float32 // [1]
}

// The value head's names; it is stored beside the model, which stays a plain
// transformers folder.
const (
	valueName     = "value_head.weight"
	valueBiasName = "value_head.bias"
)

// contents says which parameters a set holds.
type contents struct {
	model    bool  // the model's own
	matrices bool  // among them those that are large: without, they are named alone
	adapter  *LoRA // nil: none
	value    bool  // the value head
}

// The whole of a model, as full training needs it.
var whole = contents{model: true, matrices: true, value: true}

func newParams(c Config, has contents) *params {
	p := &params{config: c, layers: make([]layer, c.Layers)}
	p.name()
	l := &layout{c: c, has: has}
	l.matrix(&p.embed, embedName, c.VocabSize, c.HiddenSize)
	for i := range p.layers {
		l.layer(&p.layers[i], fmt.Sprintf("model.layers.%d.", i))
	}
	l.vector(&p.norm, "model.norm.weight", c.HiddenSize)
	if !c.TiedHead {
		l.matrix(&p.head, headName, c.VocabSize, c.HiddenSize)
	}
	if has.value {
		l.add(&p.value, valueName, 1, c.HiddenSize, 1, c.HiddenSize)
		l.add(&p.valueBias, valueBiasName, 1, 1, 1)
	}
	l.place(p)
	if c.TiedHead {
		p.head = p.embed
	}
	return p
}

// layout lists parameters before there is memory for them.
type layout struct {
	c     Config
	has   contents
	slots []slot
}

type slot struct {
	into *[]float32 // nil: named alone
	tensor
}

func (l *layout) add(into *[]float32, name string, rows, cols int, shape ...int) {
	l.slots = append(l.slots, slot{into, tensor{name: name, rows: rows, cols: cols, shape: shape}})
}

// matrix and vector list parameters of the model's own.
func (l *layout) matrix(into *[]float32, name string, rows, cols int) {
	if !l.has.matrices {
		into = nil
	}
	if l.has.model {
		l.add(into, name, rows, cols, rows, cols)
	}
}

func (l *layout) vector(into *[]float32, name string, n int) {
	if l.has.model {
		l.add(into, name, 1, n, n)
	}
}

func (l *layout) layer(to *layer, at string) {
	l.vector(&to.inputNorm, at+"input_layernorm.weight", l.c.HiddenSize)
	for j := range to.linears {
		w := &to.linears[j]
		l.matrix(&w.weight, w.module+".weight", w.out, w.in)
		if l.c.biased(j) {
			l.vector(&w.bias, w.module+".bias", w.out)
		}
		if r := l.has.adapter; r.adapts(w.module) {
			l.add(&w.a, w.module+".lora_A.weight", r.Rank, w.in, r.Rank, w.in)
			l.add(&w.b, w.module+".lora_B.weight", w.out, r.Rank, w.out, r.Rank)
		}
		switch {
		case j == vProj && l.c.headNorms():
			l.vector(&to.qNorm, at+"self_attn.q_norm.weight", l.c.HeadDim)
			l.vector(&to.kNorm, at+"self_attn.k_norm.weight", l.c.HeadDim)
		case j == oProj:
			l.vector(&to.postNorm, at+"post_attention_layernorm.weight", l.c.HiddenSize)
		}
	}
}

// place gives the parameters their memory, side by side.
func (l *layout) place(p *params) {
	size := 0
	for _, s := range l.slots {
		if s.into != nil {
			size += s.rows * s.cols
		}
	}
	p.arena = make([]float32, size)
	rest := p.arena
	for _, s := range l.slots {
		if s.into != nil {
			n := s.rows * s.cols
			s.data, rest = rest[:n:n], rest[n:]
			*s.into = s.data
		}
		p.tensors = append(p.tensors, s.tensor)
	}
}

const (
	embedName = "model.embed_tokens.weight"
	headName  = "lm_head.weight"
)

// name gives the projections their names and widths.
func (p *params) name() {
	c := p.config
	for i := range p.layers {
		for j, l := range [projections]linear{
			qProj:    {module: "self_attn.q_proj", out: c.queryWidth(), in: c.HiddenSize},
			kProj:    {module: "self_attn.k_proj", out: c.keyWidth(), in: c.HiddenSize},
			vProj:    {module: "self_attn.v_proj", out: c.keyWidth(), in: c.HiddenSize},
			oProj:    {module: "self_attn.o_proj", out: c.HiddenSize, in: c.queryWidth()},
			gateProj: {module: "mlp.gate_proj", out: c.IntermediateSize, in: c.HiddenSize},
			upProj:   {module: "mlp.up_proj", out: c.IntermediateSize, in: c.HiddenSize},
			downProj: {module: "mlp.down_proj", out: c.HiddenSize, in: c.IntermediateSize},
		} {
			l.module = fmt.Sprintf("model.layers.%d.%s", i, l.module)
			p.layers[i].linears[j] = l
		}
	}
}

// biased tells whether a projection has a bias.
func (c Config) biased(projection int) bool {
	switch projection {
	case qProj, kProj, vProj:
		return c.ModelType == Qwen2 || c.AttentionBias
	case oProj:
		return c.ModelType != Qwen2 && c.AttentionBias
	}
	return c.MLPBias
}

// initialise draws fresh weights: normal with the config's deviation, the projections
// that write to the residual stream smaller by √(2·layers) (Radford et al., GPT-2),
// norms one, biases and the value head zero.
func (p *params) initialise(seed uint64, threads int) {
	source := draw.New(seed, "initialise")
	residual := p.config.InitializerRange / math.Sqrt(float64(2*p.config.Layers))
	fill := func(data []float32, s draw.Source, deviation float64) {
		const block = 1 << 14
		kernel.Parallel(threads, (len(data)+block-1)/block, func(b int) {
			for i := b * block; i < min((b+1)*block, len(data)); i++ {
				data[i] = float32(deviation * s.Normal(uint64(i)))
			}
		})
	}
	ones := func(norms ...[]float32) {
		for _, norm := range norms {
			for j := range norm {
				norm[j] = 1
			}
		}
	}
	ones(p.norm)
	for _, t := range p.tensors {
		if t.rows > 1 {
			fill(t.data, source.Named(t.name), p.config.InitializerRange)
		}
	}
	for i := range p.layers {
		l := &p.layers[i]
		ones(l.inputNorm, l.postNorm, l.qNorm, l.kNorm)
		fill(l.linears[oProj].weight, source.Named("o").At(uint64(i)), residual)
		fill(l.linears[downProj].weight, source.Named("down").At(uint64(i)), residual)
	}
}
