package native

import (
	"fmt"
	"strings"
)

// need is one part of a memory plan, in bytes.
type need struct {
	what  string
	bytes int64
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
func (c Config) toSample(o Options) []need {
	packed := 4 * c.matrices()
	if o.frozen() && !c.TiedHead { // its embeddings stay in their file
		packed -= 4 * int64(c.VocabSize) * int64(c.HiddenSize)
	}
	if o.Precision == BF16 {
		packed /= 2
	}
	if o.frozen() {
		return []need{{"weights packed for products", packed + 4*c.vectors()}}
	}
	return []need{{"weights", 4 * c.parameters()}, {"weights packed for products", packed}}
}

// toTrain is what training some numbers of a model needs besides.
func (c Config) toTrain(o Options, trained int64) []need {
	perRow := int64(4*c.HiddenSize + 3*c.queryWidth() + 3*c.keyWidth() + 4*c.IntermediateSize)
	held, flow := perRow*int64(c.Layers), perRow
	if o.Recompute {
		held = perRow + int64(c.HiddenSize*c.Layers)
	}
	rows := int64(o.MicroBatchTokens)
	logits := min(rows, int64(headRows(c))) * int64(c.VocabSize)
	gradients := trained
	plan := []need{
		{"the optimizer's moments", 8 * trained},
		{fmt.Sprintf("activations of %d tokens", rows), 4 * (rows*(held+flow) + logits)},
	}
	switch {
	case o.frozen():
		layer := (c.matrices() - int64(c.VocabSize*c.HiddenSize)) / int64(c.Layers)
		plan = append(plan, need{"a layer's weights on the way back", 4 * layer})
	case c.TiedHead:
		gradients += int64(c.VocabSize) * int64(c.HiddenSize)
	}
	return append([]need{{"gradients", 4 * gradients}}, plan...)
}

// memoryLeft is how many bytes can be had, or 0 where that is not known. Tests replace it.
var memoryLeft = availableMemory

// afford refuses a plan that does not fit before anything of its size is allocated.
func afford(plan []need, advice string) error {
	var total int64
	var parts []string
	for _, n := range plan {
		total += n.bytes
		parts = append(parts, fmt.Sprintf("%s %s", n.what, gibibytes(n.bytes)))
	}
	left := memoryLeft()
	if left == 0 || total <= left {
		return nil
	}
	return fmt.Errorf("it needs %s (%s), and %s are left: %s", gibibytes(total), strings.Join(parts, ", "), gibibytes(left), advice)
}

func gibibytes(n int64) string { return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30)) }
