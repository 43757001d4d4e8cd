package native

import (
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// unit is a prompt and the completions that follow it in a packed batch. The prompt's
// rows are computed once; each completion attends to them and to itself, and what flows
// back into them is the sum over the completions.
type unit struct {
	firstRow, prompt int // the prompt's rows
	first, end       int // its completions, in sequences
	endRow           int
}

// unitRows bounds a unit, unless one completion alone has more. Units do not depend on
// the micro-batch or the threads, so neither does the order of their sums.
const unitRows = 512

// span is one completion within a packed batch: its own rows hold all of its tokens but
// the last, which nothing is predicted from. The prompt's last row predicts its first
// token.
type span struct {
	prompt, place        int // the prompt's first row and its length
	firstRow, rows       int
	firstTarget, targets int
}

func (s *span) endTarget() int { return s.firstTarget + s.targets }

// activations is a packed batch and what its forward pass leaves for the backward one.
// [N, …] has an entry per row, [M, …] one per predicted token.
type activations struct {
	units     []unit
	sequences []span
	tokens    []negativa.Token // [N]
	positions []int            // [N]: within the own sequence
	expected  []negativa.Token // [M]: the tokens that were drawn
	predictor []int            // [M]: the rows that predict them
	blocks    []block

	layers []rows    // kept, or passing
	x      []float32 // [N, C]: output of the last layer

	kept    []rows // of every layer
	passing []rows // the inputs of every layer; the rest in one place, where it is not needed or computed again

	hidden   []float32 // [M, C]: after the final norm, of predicting rows alone
	hiddenR  []float32 // [M]: 1/√ of the final norm
	logits   []float32 // [≤ M, V]: divided by the temperature; the backward pass turns them into their gradient
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
	qRaw, q    []float32 // [N, H·D]: projected; normed and rotated. The same rows where heads have no norm.
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
	a.units, a.sequences, a.tokens, a.positions = a.units[:0], a.sequences[:0], a.tokens[:0], a.positions[:0]
	a.expected, a.predictor = a.expected[:0], a.predictor[:0]
}

// take packs whole units from the front of sequences until the budget of rows is spent,
// but at least one for each thread, and returns how many sequences it took.
func (a *activations) take(sequences []engine.Sequence, budget, threads int) (taken int) {
	a.reset()
	for taken < len(sequences) {
		n, size := unitOf(sequences[taken:])
		if len(a.units) >= threads && len(a.tokens)+size > budget {
			break
		}
		a.open(sequences[taken].Prompt)
		for _, s := range sequences[taken : taken+n] {
			a.follow(s.Completion)
		}
		taken += n
	}
	return taken
}

// unitOf is how many of the first sequences make a unit, and its rows.
func unitOf(sequences []engine.Sequence) (n, size int) {
	size = rowsOf(sequences[0])
	for n = 1; n < len(sequences); n++ {
		more := len(sequences[n].Completion) - 1
		if size+more > unitRows || !slices.Equal(sequences[n].Prompt, sequences[0].Prompt) {
			break
		}
		size += more
	}
	return n, size
}

// open starts a unit.
func (a *activations) open(prompt []negativa.Token) {
	at := len(a.sequences)
	a.units = append(a.units, unit{firstRow: len(a.tokens), prompt: len(prompt), first: at, end: at})
	a.append(prompt, 0)
}

// follow adds a completion to the unit that was opened last.
func (a *activations) follow(completion []negativa.Token) {
	u := &a.units[len(a.units)-1]
	a.sequences = append(a.sequences, span{
		prompt: u.firstRow, place: u.prompt,
		firstRow: len(a.tokens), rows: len(completion) - 1,
		firstTarget: len(a.expected), targets: len(completion),
	})
	u.end++
	a.expected = append(a.expected, completion...)
	a.predictor = append(a.predictor, u.firstRow+u.prompt-1)
	for i := range len(completion) - 1 {
		a.predictor = append(a.predictor, len(a.tokens)+i)
	}
	a.append(completion[:len(completion)-1], u.prompt)
}

func (a *activations) append(tokens []negativa.Token, place int) {
	a.tokens = append(a.tokens, tokens...)
	for i := range tokens {
		a.positions = append(a.positions, place+i)
	}
	a.units[len(a.units)-1].endRow = len(a.tokens)
}

// size makes room for the batch and cuts it into blocks. With again, layers keep their
// inputs alone: the rest is computed again on the way back.
func (a *activations) size(c Config, again bool, threads int) {
	n, targets := len(a.tokens), len(a.expected)
	if again {
		a.layers = pass(&a.passing, c, n)
	} else {
		a.layers = keep(&a.kept, c, n)
	}
	kernel.Resize(&a.x, n*c.HiddenSize)
	kernel.Resize(&a.hidden, targets*c.HiddenSize)
	kernel.Resize(&a.hiddenR, targets)
	kernel.Resize(&a.logits, min(targets, headRows(c))*c.VocabSize)
	kernel.Resize(&a.lse, targets)
	kernel.Resize(&a.logprobs, targets)
	kernel.Resize(&a.entropy, targets)
	kernel.Resize(&a.values, targets)
	a.cut(threads)
}

// keep makes room for every layer's activations.
func keep(layers *[]rows, c Config, n int) []rows {
	kernel.Resize(layers, c.Layers)
	for i := range *layers {
		(*layers)[i].size(c, n)
	}
	return *layers
}

// pass makes room for every layer's input and one layer's activations.
func pass(layers *[]rows, c Config, n int) []rows {
	kernel.Resize(layers, c.Layers)
	all := *layers
	all[0].size(c, n)
	for i := range all[1:] {
		x := all[i+1].x
		all[i+1] = all[0]
		all[i+1].x = x
		kernel.Resize(&all[i+1].x, n*c.HiddenSize)
	}
	return all
}

func (r *rows) size(c Config, n int) {
	for _, x := range [...]*[]float32{&r.x, &r.normed, &r.mid, &r.midNormed} {
		kernel.Resize(x, n*c.HiddenSize)
	}
	kernel.Resize(&r.qRaw, n*c.queryWidth())
	kernel.Resize(&r.attended, n*c.queryWidth())
	kernel.Resize(&r.kRaw, n*c.keyWidth())
	kernel.Resize(&r.v, n*c.keyWidth())
	if c.headNorms() {
		kernel.Resize(&r.q, n*c.queryWidth())
		kernel.Resize(&r.k, n*c.keyWidth())
	} else {
		r.q, r.k = r.qRaw, r.kRaw
	}
	for _, x := range [...]*[]float32{&r.gate, &r.up, &r.sigmoid, &r.activation} {
		kernel.Resize(x, n*c.IntermediateSize)
	}
	kernel.Resize(&r.rstd, n)
	kernel.Resize(&r.midRstd, n)
	kernel.Resize(&r.qRstd, n*c.Heads)
	kernel.Resize(&r.kRstd, n*c.KVHeads)
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

// block is a run of whole units that one thread takes through all layers, and its rows.
type block struct{ from, to, firstRow, endRow int }

// blockRows is how many rows a block has at most, unless one unit has more: weights are
// read once for as many.
const blockRows = 384

// cut makes blocks of about one size, a multiple of the threads: nobody waits for the
// last one.
func (a *activations) cut(threads int) {
	n := len(a.tokens)
	count := (n + blockRows - 1) / blockRows
	count = (count + threads - 1) / threads * threads
	a.blocks = a.blocks[:0]
	for from := 0; from < len(a.units); {
		start, to := a.units[from].firstRow, from+1
		left := max(1, count-len(a.blocks))
		target := start + (n-start+left-1)/left
		for to < len(a.units) && a.units[to].endRow <= target {
			to++
		}
		a.blocks = append(a.blocks, block{from, to, start, a.units[to-1].endRow})
		from = to
	}
}
