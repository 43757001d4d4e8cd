package bench

import (
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/engine/native"
)

// size is a model as its costs see it. Norms, which are thousands of times smaller than
// the projections, are left out: a floor stays a floor.
type size struct {
	native.Config
	weightBytes float64 // of a weight as products read it
}

func newSize(c native.Config, p native.Precision) size {
	if p == native.BF16 {
		return size{c, 2}
	}
	return size{c, 4}
}

// projections is the number of weights that every token of the input is multiplied by.
func (s size) projections() float64 {
	queries, keys := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	return float64(s.Layers * s.HiddenSize * (2*queries + 2*keys + 3*s.IntermediateSize))
}

// head is the number of weights that every prediction takes.
func (s size) head() float64 { return float64(s.VocabSize * s.HiddenSize) }

// weights counts a tied head once.
func (s size) weights() float64 {
	if s.TiedHead {
		return s.projections() + s.head()
	}
	return s.projections() + 2*s.head()
}

// group is a prompt's length and those of its completions.
type group struct {
	prompt      int
	completions []int
}

// groupsOf puts sequences of the same prompt together: what is computed of a prompt is
// the same for all of its completions, and need be computed once.
func groupsOf(sequences []engine.Sequence) []group {
	var groups []group
	index := map[string]int{}
	for _, s := range sequences {
		key := make([]byte, 0, 4*len(s.Prompt))
		for _, t := range s.Prompt {
			key = append(key, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
		}
		at, ok := index[string(key)]
		if !ok {
			at = len(groups)
			index[string(key)] = at
			groups = append(groups, group{prompt: len(s.Prompt)})
		}
		groups[at].completions = append(groups[at].completions, len(s.Completion))
	}
	return groups
}

// forward is the operations of one pass:
//
//	2 · projections            for each position: the prompt's once, and all but the last of each completion
//	2 · 2 · layers · H · D     for each position and each it attends to, itself included: QKᵀ and PV
//	2 · head                   for each prediction: the prompt's last position once, and all but the last of each completion
func (s size) forward(groups []group) float64 {
	var positions, pairs, predictions float64
	for _, g := range groups {
		p := float64(g.prompt)
		positions, pairs, predictions = positions+p, pairs+p*(p+1)/2, predictions+1
		for _, c := range g.completions {
			n := float64(c - 1)
			positions, pairs, predictions = positions+n, pairs+n*p+n*(n+1)/2, predictions+n
		}
	}
	return 2*s.projections()*positions + 4*float64(s.Layers*s.Heads*s.HeadDim)*pairs + 2*s.head()*predictions
}

// lengths counts the tokens of prompts and completions.
func lengths(sequences []engine.Sequence) (inputs, outputs float64) {
	for _, s := range sequences {
		inputs, outputs = inputs+float64(len(s.Prompt)), outputs+float64(len(s.Completion))
	}
	return inputs, outputs
}

// scoring reads every weight once.
func (s size) scoring(sequences []engine.Sequence) Cost {
	_, predicted := lengths(sequences)
	return Cost{Tokens: predicted, Flops: s.forward(groupsOf(sequences)), Bytes: s.weightBytes * (s.projections() + s.head())}
}

// learning is a forward and a backward pass. Backward takes two products for each of
// forward's, one for the gradient of either factor. Every weight is read once in each
// pass, and its gradient, a float32, is written once.
func (s size) learning(sequences []engine.Sequence) Cost {
	c := s.scoring(sequences)
	c.Flops *= 3
	c.Bytes = 2*c.Bytes + 4*s.weights()
	return c
}

// updating is AdamW: weight, gradient and two moments are read, weight and moments are
// written, all float32. Its operations are no products.
func (s size) updating() Cost { return Cost{Bytes: (4 + 3) * 4 * s.weights()} }

// sampling is the passes that draw completions, one for each token of the longest. The
// first is over the prompts. Each reads every weight once, and the keys and values of
// what it attends to, float32: the prompt's once for all samples of a group, and those of
// the sample's own tokens but the newest, whose are at hand.
func (s size) sampling(sequences []engine.Sequence) Cost {
	groups := groupsOf(sequences)
	passes, entries := 0, 0
	for _, g := range groups {
		longest := 0
		for _, c := range g.completions {
			longest = max(longest, c)
			entries += (c - 1) * (c - 2) / 2 // the pass after t tokens reads t − 1
		}
		entries += g.prompt * (longest - 1)
		passes = max(passes, longest)
	}
	_, drawn := lengths(sequences)
	perEntry := float64(2 * 4 * s.Layers * s.KVHeads * s.HeadDim)
	return Cost{
		Tokens: drawn, Flops: s.forward(groups),
		Bytes: float64(passes)*s.weightBytes*(s.projections()+s.head()) + float64(entries)*perEntry,
	}
}
