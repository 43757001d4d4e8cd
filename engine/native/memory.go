package native

import (
	"fmt"
	"strings"
)

// Need is one part of a memory plan.
type Need struct {
	What  string `json:"what"`
	Bytes int64  `json:"bytes"`
}

// Total is the sum of a plan, in bytes.
func Total(plan []Need) int64 {
	var total int64
	for _, n := range plan {
		total += n.Bytes
	}
	return total
}

// Parameters is how many numbers a model has, the value head apart.
func (c Config) Parameters() int64 { return c.parameters() - int64(c.HiddenSize) - 1 }

// ToSample is the memory that a model needs before it draws a token.
func (c Config) ToSample(o Options) ([]Need, error) {
	if err := o.resolve(); err != nil {
		return nil, err
	}
	return c.toSample(o), nil
}

// ToTrain is the memory that training needs, sampling included.
func (c Config) ToTrain(o Options) ([]Need, error) {
	if err := o.resolve(); err != nil {
		return nil, err
	}
	return append(c.toSample(o), c.toTrain(o, c.trained(o))...), nil
}

// CacheBytes is what the keys and values of one token take while samples are drawn.
func (c Config) CacheBytes() int64 { return 4 * 2 * int64(c.Layers) * int64(c.keyWidth()) }

// trained is how many numbers training changes, the value head among them.
func (c Config) trained(o Options) int64 {
	if o.LoRA == nil {
		return c.parameters()
	}
	n := int64(c.HiddenSize) + 1
	p := &params{config: c, layers: make([]layer, c.Layers)}
	p.name()
	for i := range p.layers {
		for j := range p.layers[i].linears {
			if l := &p.layers[i].linears[j]; o.LoRA.adapts(l.module) {
				n += int64(o.LoRA.Rank) * int64(l.in+l.out)
			}
		}
	}
	return n
}

// parameters is how many numbers a model has, the value head among them.
func (c Config) parameters() int64 { return c.matrices() + c.vectors() }

// matrices counts the numbers of embeddings and projections.
func (c Config) matrices() int64 {
	h := int64(c.HiddenSize)
	heads := int64(2)
	if c.TiedHead {
		heads = 1
	}
	perLayer := h * int64(2*c.queryWidth()+2*c.keyWidth()+3*c.IntermediateSize)
	return heads*int64(c.VocabSize)*h + int64(c.Layers)*perLayer
}

// vectors counts the numbers of norms, biases and the value head.
func (c Config) vectors() int64 {
	perLayer := 2 * c.HiddenSize
	if c.headNorms() {
		perLayer += 2 * c.HeadDim
	}
	for j, width := range [projections]int{
		c.queryWidth(), c.keyWidth(), c.keyWidth(), c.HiddenSize, c.IntermediateSize, c.IntermediateSize, c.HiddenSize,
	} {
		if c.biased(j) {
			perLayer += width
		}
	}
	return int64(c.Layers)*int64(perLayer) + int64(2*c.HiddenSize) + 1
}

// toSample is what a model needs before it draws a token.
func (c Config) toSample(o Options) []Need {
	packed := 4 * c.matrices()
	if o.frozen() && !c.TiedHead { // its embeddings stay in their file
		packed -= 4 * int64(c.VocabSize) * int64(c.HiddenSize)
	}
	if o.Precision == BF16 {
		packed /= 2
	}
	if o.frozen() {
		return []Need{{"weights packed for products", packed + 4*c.vectors()}}
	}
	return []Need{{"weights", 4 * c.parameters()}, {"weights packed for products", packed}}
}

// toTrain is what training some numbers of a model needs besides.
func (c Config) toTrain(o Options, trained int64) []Need {
	perRow := int64(4*c.HiddenSize + 3*c.queryWidth() + 3*c.keyWidth() + 4*c.IntermediateSize)
	held, flow := perRow*int64(c.Layers), perRow
	if o.Recompute {
		held = perRow + int64(c.HiddenSize*c.Layers)
	}
	rows := int64(o.MicroBatchTokens)
	logits := min(rows, int64(headRows(c))) * int64(c.VocabSize)
	gradients := trained
	plan := []Need{
		{"the optimizer's moments", 8 * trained},
		{fmt.Sprintf("activations of %d tokens", rows), 4 * (rows*(held+flow) + logits)},
	}
	switch {
	case o.frozen():
		layer := (c.matrices() - int64(c.VocabSize*c.HiddenSize)) / int64(c.Layers)
		plan = append(plan, Need{"a layer's weights on the way back", 4 * layer})
	case c.TiedHead:
		gradients += int64(c.VocabSize) * int64(c.HiddenSize)
	}
	return append([]Need{{"gradients", 4 * gradients}}, plan...)
}

// memoryLeft is how many bytes can be had, or 0 where that is not known. Tests replace it.
var memoryLeft = availableMemory

// afford refuses a plan that does not fit before anything of its size is allocated.
func afford(plan []Need, advice string) error {
	total := Total(plan)
	var parts []string
	for _, n := range plan {
		parts = append(parts, fmt.Sprintf("%s %s", n.What, gibibytes(n.Bytes)))
	}
	left := memoryLeft()
	if left == 0 || total <= left {
		return nil
	}
	return fmt.Errorf("it needs %s (%s), and %s are left: %s", gibibytes(total), strings.Join(parts, ", "), gibibytes(left), advice)
}

func gibibytes(n int64) string { return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30)) }
