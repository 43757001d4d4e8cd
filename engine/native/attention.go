package native

import (
	"math"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// queryRows is how many queries are scored at once: memory for scores grows with the
// length of a sequence, not with its square.
const queryRows = 64

// attentionScratch holds one key-value head's keys and values of one unit, and scores of
// some queries. W is the length of the unit's longest sequence in whole panels.
type attentionScratch struct {
	wide   int       // W
	keys   []float32 // [D, W]: column i is position i
	values []float32 // [D, W]
	scores []float32 // [queryRows, W]: probabilities P
	flow   []float32 // [queryRows, W]: their gradient
}

func (s *attentionScratch) size(c Config, longest int, backward bool) {
	s.wide = padded(longest)
	kernel.Resize(&s.keys, c.HeadDim*s.wide)
	kernel.Resize(&s.scores, queryRows*s.wide)
	if backward {
		kernel.Resize(&s.values, c.HeadDim*s.wide)
		kernel.Resize(&s.flow, queryRows*s.wide)
	}
}

// padded rounds up to whole panels.
func padded(n int) int { return (n + kernel.Panel - 1) / kernel.Panel * kernel.Panel }

func scaleOf(c Config) float32 { return float32(1 / math.Sqrt(float64(c.HeadDim))) }

// piece is consecutive rows of a unit: its prompt, or one of its completions, which
// attends to the prompt's rows and then to its own.
type piece struct {
	prompt, place int // rows before it in its sequence: the prompt's, or none
	row, n        int
}

// pieces is the number of pieces of a unit; the first is the prompt.
func (u *unit) pieces() int { return 1 + u.end - u.first }

func (a *activations) piece(u *unit, i int) piece {
	if i == 0 {
		return piece{row: u.firstRow, n: u.prompt}
	}
	s := &a.sequences[u.first+i-1]
	return piece{prompt: s.prompt, place: s.place, row: s.firstRow, n: s.rows}
}

func (a *activations) longest(u *unit) int {
	n := u.prompt
	for i := range a.sequences[u.first:u.end] {
		n = max(n, u.prompt+a.sequences[u.first+i].rows)
	}
	return n
}

// attend computes causal attention of one unit: P = softmax(q kᵀ/√D) over the rows not
// later, attended = P v. (Vaswani et al., 1706.03762; grouped queries: Ainslie et al.,
// 2305.13245.)
func (a *activations) attend(r *rows, c Config, u *unit, s *attentionScratch) {
	s.size(c, a.longest(u), false)
	for kv := range c.KVHeads {
		for i := range u.pieces() {
			p := a.piece(u, i)
			s.load(s.keys, r.k, p, kv, c)
			for h := kv * c.groupSize(); h < (kv+1)*c.groupSize(); h++ {
				for from := 0; from < p.n; from += queryRows {
					attendQueries(r, c, p, from, h, kv, s)
				}
			}
		}
	}
}

// load puts a piece's keys or values in their columns; the prompt's are there already.
func (s *attentionScratch) load(dst, src []float32, p piece, kv int, c Config) {
	if p.n > 0 {
		kernel.Transpose(dst[p.place:], s.wide, src[p.row*c.keyWidth()+kv*c.HeadDim:], c.keyWidth(), p.n, c.HeadDim)
	}
}

func attendQueries(r *rows, c Config, p piece, from, h, kv int, s *attentionScratch) {
	d, to := c.HeadDim, min(from+queryRows, p.n)
	prob := s.probabilities(r, c, p, from, to, h)
	out := r.attended[(p.row+from)*c.queryWidth()+h*d:]
	value := func(row int) []float32 { return r.v[row*c.keyWidth()+kv*d:] }
	if p.place > 0 {
		kernel.Gemm(out, c.queryWidth(), to-from, d, p.place, prob, value(p.prompt), c.keyWidth(), false)
	}
	kernel.Gemm(out, c.queryWidth(), to-from, d, to, prob.From(0, p.place), value(p.row), c.keyWidth(), p.place > 0)
}

// probabilities fills scores for the queries of rows from … to−1 of a piece. Columns
// after the last one seen by a query are zero.
func (s *attentionScratch) probabilities(r *rows, c Config, p piece, from, to, h int) kernel.View {
	wide := padded(p.place + to)
	q := kernel.Dense(r.q, c.queryWidth()).From(p.row+from, h*c.HeadDim)
	kernel.Gemm(s.scores, s.wide, to-from, wide, c.HeadDim, q, s.keys, s.wide, false)
	s.seen(p, from, to).Softmax(s.scores, scaleOf(c))
	return kernel.Dense(s.scores, s.wide)
}

// seen is what the queries of rows from … to−1 of a piece attend to.
func (s *attentionScratch) seen(p piece, from, to int) kernel.Causal {
	return kernel.Causal{Stride: s.wide, Rows: to - from, Seen: p.place + from + 1, More: 1, Wide: padded(p.place + to)}
}

// attendBackward turns the gradient of attended, d.attended, into those of q, k and v:
//
//	dv = Pᵀ do;  dP = do vᵀ;  dS = P ∘ (dP − rowsum(dP ∘ P)) / √D;  dq = dS k;  dk = dSᵀ q.
//
// P is computed again rather than kept. Sums into the prompt's keys and values run over
// the prompt's queries first, then over the completions' in turn.
func (a *activations) attendBackward(r *rows, d *layerFlow, c Config, u *unit, s *attentionScratch) {
	s.size(c, a.longest(u), true)
	clear(d.k[u.firstRow*c.keyWidth() : u.endRow*c.keyWidth()])
	clear(d.v[u.firstRow*c.keyWidth() : u.endRow*c.keyWidth()])
	for kv := range c.KVHeads {
		for i := range u.pieces() {
			p := a.piece(u, i)
			s.load(s.keys, r.k, p, kv, c)
			s.load(s.values, r.v, p, kv, c)
			for h := kv * c.groupSize(); h < (kv+1)*c.groupSize(); h++ {
				for from := 0; from < p.n; from += queryRows {
					attendQueriesBackward(r, d, c, p, from, h, kv, s)
				}
			}
		}
	}
}

func attendQueriesBackward(r *rows, d *layerFlow, c Config, p piece, from, h, kv int, s *attentionScratch) {
	to := min(from+queryRows, p.n)
	n, width, atQ := to-from, c.HeadDim, (p.row+from)*c.queryWidth()+h*c.HeadDim
	prob := s.probabilities(r, c, p, from, to, h)
	do := kernel.Dense(d.attended[atQ:], c.queryWidth())
	kernel.Gemm(s.flow, s.wide, n, padded(p.place+to), width, do, s.values, s.wide, false)
	s.seen(p, from, to).SoftmaxBackward(s.flow, s.scores, scaleOf(c))
	ds := kernel.Dense(s.flow, s.wide)
	// The columns of the prompt's rows, then those of the piece's own.
	for _, seen := range [...]struct{ column, row, rows int }{{0, p.prompt, p.place}, {p.place, p.row, to}} {
		if seen.rows == 0 {
			continue
		}
		key := seen.row*c.keyWidth() + kv*width
		pSeen, dsSeen := prob.From(0, seen.column), ds.From(0, seen.column)
		kernel.Gemm(d.v[key:], c.keyWidth(), seen.rows, width, n, pSeen.T(), do.Data, c.queryWidth(), true)
		kernel.Gemm(d.q[atQ:], c.queryWidth(), n, width, seen.rows, dsSeen, r.k[key:], c.keyWidth(), seen.column > 0)
		kernel.Gemm(d.k[key:], c.keyWidth(), seen.rows, width, n, dsSeen.T(), r.q[atQ:], c.queryWidth(), true)
	}
}
