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
	shape      []int // as stored in files
	data       []float32
}

// layer is one decoder block. Projections are [out, in], as in the files.
type layer struct {
	inputNorm, postNorm []float32 // [C]
	q, k, v, o          []float32 // [H·D, C], [KV·D, C], [KV·D, C], [C, H·D]
	qNorm, kNorm        []float32 // [D]
	gate, up, down      []float32 // [I, C], [I, C], [C, I]
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

func newParams(c Config) *params {
	p := &params{config: c, layers: make([]layer, c.Layers)}
	type slot struct {
		into       *[]float32
		name       string
		rows, cols int
		shape      []int
	}
	var slots []slot
	matrix := func(into *[]float32, name string, rows, cols int) {
		slots = append(slots, slot{into, name, rows, cols, []int{rows, cols}})
	}
	vector := func(into *[]float32, name string, n int) {
		slots = append(slots, slot{into, name, 1, n, []int{n}})
	}
	matrix(&p.embed, "model.embed_tokens.weight", c.VocabSize, c.HiddenSize)
	for i := range p.layers {
		l, at := &p.layers[i], fmt.Sprintf("model.layers.%d.", i)
		vector(&l.inputNorm, at+"input_layernorm.weight", c.HiddenSize)
		matrix(&l.q, at+"self_attn.q_proj.weight", c.queryWidth(), c.HiddenSize)
		matrix(&l.k, at+"self_attn.k_proj.weight", c.keyWidth(), c.HiddenSize)
		matrix(&l.v, at+"self_attn.v_proj.weight", c.keyWidth(), c.HiddenSize)
		vector(&l.qNorm, at+"self_attn.q_norm.weight", c.HeadDim)
		vector(&l.kNorm, at+"self_attn.k_norm.weight", c.HeadDim)
		matrix(&l.o, at+"self_attn.o_proj.weight", c.HiddenSize, c.queryWidth())
		vector(&l.postNorm, at+"post_attention_layernorm.weight", c.HiddenSize)
		matrix(&l.gate, at+"mlp.gate_proj.weight", c.IntermediateSize, c.HiddenSize)
		matrix(&l.up, at+"mlp.up_proj.weight", c.IntermediateSize, c.HiddenSize)
		matrix(&l.down, at+"mlp.down_proj.weight", c.HiddenSize, c.IntermediateSize)
	}
	vector(&p.norm, "model.norm.weight", c.HiddenSize)
	if !c.TiedHead {
		matrix(&p.head, "lm_head.weight", c.VocabSize, c.HiddenSize)
	}
	slots = append(slots, slot{&p.value, valueName, 1, c.HiddenSize, []int{1, c.HiddenSize}})
	vector(&p.valueBias, valueBiasName, 1)

	size := 0
	for _, s := range slots {
		size += s.rows * s.cols
	}
	p.arena = make([]float32, size)
	at := 0
	for _, s := range slots {
		n := s.rows * s.cols
		*s.into = p.arena[at : at+n : at+n]
		p.tensors = append(p.tensors, tensor{s.name, s.rows, s.cols, s.shape, *s.into})
		at += n
	}
	if c.TiedHead {
		p.head = p.embed
	}
	return p
}

// initialise draws fresh weights: normal with the config's deviation, the projections
// that write to the residual stream smaller by √(2·layers) (Radford et al., GPT-2),
// norms one, the value head zero.
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
	for i := range p.layers {
		for _, norm := range [][]float32{p.layers[i].inputNorm, p.layers[i].postNorm, p.layers[i].qNorm, p.layers[i].kNorm} {
			for j := range norm {
				norm[j] = 1
			}
		}
	}
	for j := range p.norm {
		p.norm[j] = 1
	}
	for _, t := range p.tensors {
		if t.rows > 1 {
			fill(t.data, source.Named(t.name), p.config.InitializerRange)
		}
	}
	for i, l := range p.layers {
		fill(l.o, source.Named("o").At(uint64(i)), residual)
		fill(l.down, source.Named("down").At(uint64(i)), residual)
	}
}

// packed holds the projections as the products of a forward pass read them: W as
// [in, out] panels.
type packed struct {
	layers []packedLayer
	head   kernel.Packed
	tasks  []func()
	do     func(i int)
}

type packedLayer struct{ q, k, v, o, gate, up, down kernel.Packed }

// plan lists the matrices to pack, so that packing them again allocates nothing.
func (w *packed) plan(p *params, precision Precision) {
	c := p.config
	w.layers = make([]packedLayer, len(p.layers))
	add := func(dst *kernel.Packed, m []float32, out, in int) {
		pack := dst.Pack
		if precision == BF16 {
			pack = dst.PackHalf
		}
		w.tasks = append(w.tasks, func() { pack(kernel.Dense(m, in).T(), in, out) })
	}
	add(&w.head, p.head, c.VocabSize, c.HiddenSize)
	for i := range p.layers {
		l, to := &p.layers[i], &w.layers[i]
		add(&to.q, l.q, c.queryWidth(), c.HiddenSize)
		add(&to.k, l.k, c.keyWidth(), c.HiddenSize)
		add(&to.v, l.v, c.keyWidth(), c.HiddenSize)
		add(&to.o, l.o, c.HiddenSize, c.queryWidth())
		add(&to.gate, l.gate, c.IntermediateSize, c.HiddenSize)
		add(&to.up, l.up, c.IntermediateSize, c.HiddenSize)
		add(&to.down, l.down, c.HiddenSize, c.IntermediateSize)
	}
	w.do = func(i int) { w.tasks[i]() }
}

// pack brings the packed projections up to date with the parameters.
func (m *model) pack(threads int) {
	kernel.Parallel(threads, len(m.forward.tasks), m.forward.do)
}
