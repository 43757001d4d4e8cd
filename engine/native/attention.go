package native

import (
	"math"

	"github.com/negativa-lab/negativa/internal/kernel"
)

// attentionScratch holds one head's matrices of one sequence of T rows; T′ is T rounded
// up to whole panels.
type attentionScratch struct {
	transposed []float32 // [D, T′]: keys or values of a head
	scores     []float32 // [T, T′]: probabilities P
	flow       []float32 // [T, T′]: their gradient
}

func (s *attentionScratch) size(c Config, n int) (wide int) {
	wide = padded(n)
	grow(&s.transposed, c.HeadDim*wide)
	grow(&s.scores, n*wide)
	return wide
}

// padded rounds up to whole panels.
func padded(n int) int { return (n + kernel.Panel - 1) / kernel.Panel * kernel.Panel }

func scaleOf(c Config) float32 { return float32(1 / math.Sqrt(float64(c.HeadDim))) }

// attend computes causal attention of one sequence: P = softmax(q kᵀ/√D) over the
// rows not later, attended = P v. (Vaswani et al., 1706.03762; grouped queries:
// Ainslie et al., 2305.13245.)
func attend(r *rows, c Config, s span, scratch *attentionScratch) {
	n, d := s.rows, c.HeadDim
	wide := scratch.size(c, n)
	q := kernel.Dense(r.q, c.queryWidth()).From(s.firstRow, 0)
	v := r.v[s.firstRow*c.keyWidth():]
	out := r.attended[s.firstRow*c.queryWidth():]
	for kv := range c.KVHeads {
		transpose(scratch.transposed, wide, r.k[s.firstRow*c.keyWidth()+kv*d:], c.keyWidth(), n, d)
		for g := range c.groupSize() {
			h := kv*c.groupSize() + g
			probabilities(scratch, q.From(0, h*d), n, wide, c)
			kernel.Gemm(out[h*d:], c.queryWidth(), n, d, n, kernel.Dense(scratch.scores, wide), v[kv*d:], c.keyWidth(), false)
		}
	}
}

// probabilities fills scratch.scores for one head's queries against the transposed keys.
func probabilities(scratch *attentionScratch, q kernel.View, n, wide int, c Config) {
	p := scratch.scores
	kernel.Gemm(p, wide, n, wide, c.HeadDim, q, scratch.transposed, wide, false)
	for t := range n {
		row := p[t*wide : (t+1)*wide]
		softmaxScaled(row[:t+1], scaleOf(c))
		clear(row[t+1:])
	}
}

func softmaxScaled(scores []float32, scale float32) {
	kernel.Scale(scores, scale)
	kernel.Softmax(scores)
}

// transpose writes n rows of width d, `stride` apart, as d rows of `wide`, zero-filled.
func transpose(dst []float32, wide int, src []float32, stride, n, d int) {
	for i := range d {
		row := dst[i*wide : (i+1)*wide]
		for t := range n {
			row[t] = src[t*stride+i]
		}
		clear(row[n:])
	}
}

// attendBackward turns the gradient of attended, d.attended, into those of q, k and v:
//
//	dv = Pᵀ do;  dP = do vᵀ;  dS = P ∘ (dP − rowsum(dP ∘ P)) / √D;  dq = dS k;  dk = dSᵀ q.
//
// P is computed again rather than kept: it is the one thing that grows with T².
func attendBackward(r *rows, d *layerFlow, c Config, s span, scratch *attentionScratch) {
	n, width := s.rows, c.HeadDim
	wide := scratch.size(c, n)
	grow(&scratch.flow, n*wide)
	atQ, atK := s.firstRow*c.queryWidth(), s.firstRow*c.keyWidth()
	q := kernel.Dense(r.q, c.queryWidth()).From(s.firstRow, 0)
	do := kernel.Dense(d.attended, c.queryWidth()).From(s.firstRow, 0)
	for kv := range c.KVHeads {
		key := atK + kv*width
		for g := range c.groupSize() {
			query := (kv*c.groupSize() + g) * width
			transpose(scratch.transposed, wide, r.k[key:], c.keyWidth(), n, width)
			probabilities(scratch, q.From(0, query), n, wide, c)
			p, ds := kernel.Dense(scratch.scores, wide), kernel.Dense(scratch.flow, wide)
			kernel.Gemm(d.v[key:], c.keyWidth(), n, width, n, p.T(), d.attended[atQ+query:], c.queryWidth(), g > 0)
			transpose(scratch.transposed, wide, r.v[key:], c.keyWidth(), n, width)
			kernel.Gemm(ds.Data, wide, n, wide, width, do.From(0, query), scratch.transposed, wide, false)
			softmaxBackward(ds.Data, p.Data, n, wide, scaleOf(c))
			kernel.Gemm(d.q[atQ+query:], c.queryWidth(), n, width, n, ds, r.k[key:], c.keyWidth(), false)
			kernel.Gemm(d.k[key:], c.keyWidth(), n, width, n, ds.T(), r.q[atQ+query:], c.queryWidth(), g > 0)
		}
	}
}

// softmaxBackward turns dP into dS, row by row; later columns become zero.
func softmaxBackward(ds, p []float32, n, wide int, scale float32) {
	for t := range n {
		row, prob := ds[t*wide:(t+1)*wide], p[t*wide:]
		sum := kernel.Dot(row[:t+1], prob)
		for j := range t + 1 {
			row[j] = prob[j] * (row[j] - sum) * scale
		}
		clear(row[t+1:])
	}
}
