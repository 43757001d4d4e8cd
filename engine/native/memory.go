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
func (c Config) parameters() int64 {
	h, layers := int64(c.HiddenSize), int64(c.Layers)
	perLayer := h*int64(2*c.queryWidth()+2*c.keyWidth()+3*c.IntermediateSize) + 2*(h+int64(c.HeadDim))
	heads := int64(2)
	if c.TiedHead {
		heads = 1
	}
	return heads*int64(c.VocabSize)*h + layers*perLayer + 2*h + 1
}

// toSample is what a model needs before it draws a token.
func (c Config) toSample(o Options) []need {
	packed := 4 * c.parameters()
	if o.Precision == BF16 {
		packed /= 2
	}
	return []need{{"weights", 4 * c.parameters()}, {"weights packed for products", packed}}
}

// toTrain is what training needs besides.
func (c Config) toTrain(o Options) []need {
	perRow := int64(4*c.HiddenSize + 3*c.queryWidth() + 3*c.keyWidth() + 4*c.IntermediateSize)
	held, flow := perRow*int64(c.Layers), perRow
	if o.Recompute {
		held = perRow + int64(c.HiddenSize*c.Layers)
	}
	rows := int64(o.MicroBatchTokens)
	logits := min(rows, int64(headRows(c))) * int64(c.VocabSize)
	gradients := c.parameters()
	if c.TiedHead {
		gradients += int64(c.VocabSize) * int64(c.HiddenSize)
	}
	return []need{
		{"gradients", 4 * gradients},
		{"the optimizer's moments", 8 * c.parameters()},
		{fmt.Sprintf("activations of %d tokens", rows), 4 * (rows*(held+flow) + logits)},
	}
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
