package native

import (
	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// span is one sequence within a packed batch: rows firstRow … hold prompt and
// completion without its last token, which nothing is predicted from.
type span struct {
	firstRow, rows       int
	firstTarget, targets int // the last `targets` rows predict the completion's tokens
	completion           []negativa.Token
}

func (s span) endRow() int    { return s.firstRow + s.rows }
func (s span) endTarget() int { return s.firstTarget + s.targets }

// targetRow is the row that predicts target t of the span.
func (s span) targetRow(t int) int { return s.endRow() - s.targets + t }

// activations is a packed batch and what its forward pass leaves for the backward one.
// [N, …] has an entry per row, [M, …] one per predicted token.
type activations struct {
	sequences []span
	tokens    []negativa.Token // [N]
	positions []int            // [N]: within the own sequence
	targets   int              // M

	layers []rows
	x      []float32 // [N, C]: output of the last layer

	hidden   []float32 // [M, C]: after the final norm, of predicting rows alone
	hiddenR  []float32 // [M]: 1/√ of the final norm
	logits   []float32 // [M, V]: divided by the temperature; the backward pass turns them into their gradient
	lse      []float64 // [M]
	logprobs []float32 // [M]
	entropy  []float64 // [M], where asked for
	values   []float64 // [M], where asked for
}

// rows holds one layer's activations of some rows.
type rows struct {
	x          []float32 // [N, C]: the layer's input
	normed     []float32 // [N, C]
	rstd       []float32 // [N]
	qRaw, q    []float32 // [N, H·D]: projected; normed and rotated
	kRaw, k    []float32 // [N, KV·D]
	v          []float32 // [N, KV·D]
	qRstd      []float32 // [N, H]
	kRstd      []float32 // [N, KV]
	attended   []float32 // [N, H·D]
	mid        []float32 // [N, C]: after attention
	midNormed  []float32 // [N, C]
	midRstd    []float32 // [N]
	gate, up   []float32 // [N, I]
	sigmoid    []float32 // [N, I]
	activation []float32 // [N, I]
}

func (a *activations) reset() {
	a.sequences, a.tokens, a.positions, a.targets = a.sequences[:0], a.tokens[:0], a.positions[:0], 0
}

// fits tells whether a sequence of n rows may join: always if it is the first.
func (a *activations) fits(n, budget int) bool {
	return len(a.tokens) == 0 || len(a.tokens)+n <= budget
}

// add appends a sequence; an empty completion makes it a prompt whose last row alone
// is of interest to the caller.
func (a *activations) add(prompt, completion []negativa.Token) {
	s := span{firstRow: len(a.tokens), firstTarget: a.targets, targets: len(completion), completion: completion}
	a.tokens = append(a.tokens, prompt...)
	if len(completion) > 0 {
		a.tokens = append(a.tokens, completion[:len(completion)-1]...)
	}
	s.rows = len(a.tokens) - s.firstRow
	for i := range s.rows {
		a.positions = append(a.positions, i)
	}
	a.sequences = append(a.sequences, s)
	a.targets += s.targets
}

// size makes room for the batch.
func (a *activations) size(c Config) {
	n := len(a.tokens)
	if len(a.layers) != c.Layers {
		a.layers = make([]rows, c.Layers)
	}
	for i := range a.layers {
		a.layers[i].size(c, n)
	}
	grow(&a.x, n*c.HiddenSize)
	grow(&a.hidden, a.targets*c.HiddenSize)
	grow(&a.hiddenR, a.targets)
	grow(&a.logits, a.targets*c.VocabSize)
	grow(&a.lse, a.targets)
	grow(&a.logprobs, a.targets)
	grow(&a.entropy, a.targets)
	grow(&a.values, a.targets)
}

func (r *rows) size(c Config, n int) {
	for _, x := range []*[]float32{&r.x, &r.normed, &r.mid, &r.midNormed} {
		grow(x, n*c.HiddenSize)
	}
	for _, x := range []*[]float32{&r.qRaw, &r.q, &r.attended} {
		grow(x, n*c.queryWidth())
	}
	for _, x := range []*[]float32{&r.kRaw, &r.k, &r.v} {
		grow(x, n*c.keyWidth())
	}
	for _, x := range []*[]float32{&r.gate, &r.up, &r.sigmoid, &r.activation} {
		grow(x, n*c.IntermediateSize)
	}
	grow(&r.rstd, n)
	grow(&r.midRstd, n)
	grow(&r.qRstd, n*c.Heads)
	grow(&r.kRstd, n*c.KVHeads)
}

// slice is the same layer's activations of rows from … to−1.
func (r *rows) slice(c Config, from, to int) rows {
	cut := func(x []float32, width int) []float32 { return x[from*width : to*width] }
	return rows{
		x: cut(r.x, c.HiddenSize), normed: cut(r.normed, c.HiddenSize), rstd: cut(r.rstd, 1),
		qRaw: cut(r.qRaw, c.queryWidth()), q: cut(r.q, c.queryWidth()), qRstd: cut(r.qRstd, c.Heads),
		kRaw: cut(r.kRaw, c.keyWidth()), k: cut(r.k, c.keyWidth()), kRstd: cut(r.kRstd, c.KVHeads),
		v: cut(r.v, c.keyWidth()), attended: cut(r.attended, c.queryWidth()),
		mid: cut(r.mid, c.HiddenSize), midNormed: cut(r.midNormed, c.HiddenSize), midRstd: cut(r.midRstd, 1),
		gate: cut(r.gate, c.IntermediateSize), up: cut(r.up, c.IntermediateSize),
		sigmoid: cut(r.sigmoid, c.IntermediateSize), activation: cut(r.activation, c.IntermediateSize),
	}
}

// grow sets a slice's length, keeping its memory where that suffices. Contents are
// not kept.
func grow[T any](x *[]T, n int) {
	if cap(*x) < n {
		*x = make([]T, n)
	}
	*x = (*x)[:n]
}

// blockRows is how many rows one thread takes at a time: enough for the products to
// run at full speed, few enough for their activations to stay in cache.
const blockRows = 192

// blocks cuts the batch into runs of whole sequences.
func (a *activations) blocks() [][]span {
	var out [][]span
	for first := 0; first < len(a.sequences); {
		next, count := first, 0
		for next < len(a.sequences) && (count == 0 || count+a.sequences[next].rows <= blockRows) {
			count += a.sequences[next].rows
			next++
		}
		out = append(out, a.sequences[first:next])
		first = next
	}
	return out
}

// overBlocks runs do for every block.
func (a *activations) overBlocks(threads int, do func(block []span)) {
	blocks := a.blocks()
	kernel.Parallel(threads, len(blocks), func(i int) { do(blocks[i]) })
}
