package native

import (
	"context"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/sampling"
)

// cacheBudget bounds the key-value cache of one thread, in float32.
const cacheBudget = 16 << 20

// maxLanes bounds the samples one thread decodes at once: beyond it, products gain no
// speed.
const maxLanes = 192

// job is some of one request's samples: sample indices from … to−1.
type job struct {
	request  int
	from, to int
}

// Sample implements engine.Sampler. Each prompt is computed once for the samples that
// a thread draws of it.
func (e *Engine) Sample(ctx context.Context, requests []engine.Request, params engine.SampleParams) ([][]negativa.Rollout, error) {
	if err := e.checkRequests(requests, params); err != nil {
		return nil, fmt.Errorf("sample: %w", err)
	}
	out := make([][]negativa.Rollout, len(requests))
	if len(requests) == 0 {
		return out, nil
	}
	longest := 0
	for i, r := range requests {
		out[i] = make([]negativa.Rollout, r.N)
		longest = max(longest, len(r.Prompt)+params.MaxTokens)
	}
	shifts := e.shifts(requests, longest)
	kernel.Parallel(e.options.Threads, len(shifts), func(i int) {
		d := <-e.decoders
		d.run(ctx, e.model, requests, shifts[i], params, longest, out)
		e.decoders <- d
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (e *Engine) checkRequests(requests []engine.Request, params engine.SampleParams) error {
	if err := sampling.Validate(params); err != nil {
		return err
	}
	for i, r := range requests {
		if r.N < 1 {
			return fmt.Errorf("request %d asks for %d samples; it must ask for at least one", i, r.N)
		}
		// The longest completion is the prompt's continuation by MaxTokens tokens.
		if err := e.model.check(r.Prompt, make([]negativa.Token, params.MaxTokens)); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
	}
	return nil
}

// shifts shares the samples out: a shift is what one thread decodes at once.
func (e *Engine) shifts(requests []engine.Request, longest int) [][]job {
	total := 0
	for _, r := range requests {
		total += r.N
	}
	c := e.model.config
	width := min(maxLanes, max(1, cacheBudget/(2*c.Layers*c.keyWidth()*padded(longest))))
	// Equal shifts, a multiple of the threads: the last one must not be waited for alone.
	count := max(1, (total+width-1)/width)
	count = min(total, (count+e.options.Threads-1)/e.options.Threads*e.options.Threads)
	width = (total + count - 1) / max(1, count)
	var out [][]job
	room := 0
	for i, r := range requests {
		for from := 0; from < r.N; {
			if room == 0 {
				out, room = append(out, nil), width
			}
			to := min(r.N, from+room)
			out[len(out)-1] = append(out[len(out)-1], job{i, from, to})
			room -= to - from
			from = to
		}
	}
	return out
}

// decoder is one thread's memory for sampling.
type decoder struct {
	prompts activations
	lanes   []lane
	rows    rows
	caches  [][]float32
	logits  []float32
	scores  []float32
	exp     []float32
	draw    sampling.Scratch
	tokens  []negativa.Token
	places  []int
}

// lane is one sample that is being drawn.
type lane struct {
	out   *negativa.Rollout
	seed  draw.Source
	next  negativa.Token // the last token drawn: the next input
	place int            // its position
	cache cache
}

// run draws a shift: prompts, then token after token until every lane has stopped.
func (d *decoder) run(ctx context.Context, m *model, requests []engine.Request, shift []job, params engine.SampleParams, longest int, out [][]negativa.Rollout) {
	d.prefill(m, requests, shift)
	d.board(m, requests, shift, params, longest, out)
	for len(d.lanes) > 0 && ctx.Err() == nil {
		d.step(m, params)
	}
	d.lanes = d.lanes[:0]
}

// prefill computes every prompt of the shift once.
func (d *decoder) prefill(m *model, requests []engine.Request, shift []job) {
	d.prompts.reset()
	for _, j := range shift {
		d.prompts.add(requests[j.request].Prompt, nil)
	}
	d.prompts.size(m.config)
	for _, block := range d.prompts.blocks() {
		m.forwardLayers(&d.prompts, block)
	}
}

// board draws each sample's first token from its prompt's last row and gives the
// samples that go on a cache.
func (d *decoder) board(m *model, requests []engine.Request, shift []job, params engine.SampleParams, longest int, out [][]negativa.Rollout) {
	c := m.config
	d.size(c, 1)
	taken := 0
	for i, j := range shift {
		r, s := requests[j.request], d.prompts.sequences[i]
		last := d.prompts.x[(s.endRow()-1)*c.HiddenSize : s.endRow()*c.HiddenSize]
		d.predict(m, last, 1, divisor(params.Temperature))
		var first cache
		for sample := j.from; sample < j.to; sample++ {
			l := lane{out: &out[j.request][sample], seed: draw.New(r.Seed, "sample").At(uint64(sample)), place: len(r.Prompt) - 1}
			l.out.Sample = sample
			if d.choose(&l, d.logits[:c.VocabSize], params) {
				continue
			}
			l.cache = d.cache(taken, c, longest)
			taken++
			if first.data == nil {
				l.cache.fill(d.prompts.layers, s, c)
				first = l.cache
			} else {
				copy(l.cache.data, first.data)
			}
			d.lanes = append(d.lanes, l)
		}
	}
}

// step advances every lane by one token; lanes that stop leave.
func (d *decoder) step(m *model, params engine.SampleParams) {
	c, n := m.config, len(d.lanes)
	d.size(c, n)
	d.tokens, d.places = d.tokens[:0], d.places[:0]
	for _, l := range d.lanes {
		d.tokens, d.places = append(d.tokens, l.next), append(d.places, l.place)
	}
	r := &d.rows
	m.embedTokens(r.x, d.tokens)
	for layer := range m.layers {
		m.attentionInputs(layer, r, d.places)
		for i := range d.lanes {
			l := &d.lanes[i]
			l.cache.append(layer, l.place, r.k[i*c.keyWidth():(i+1)*c.keyWidth()], r.v[i*c.keyWidth():(i+1)*c.keyWidth()], c)
			l.cache.attend(layer, l.place+1, r.q[i*c.queryWidth():(i+1)*c.queryWidth()],
				r.attended[i*c.queryWidth():(i+1)*c.queryWidth()], c, &d.scores)
		}
		m.attentionOutputs(layer, r)
		m.mlp(layer, r, r.x)
	}
	d.predict(m, r.x, n, divisor(params.Temperature))
	going := d.lanes[:0]
	for i, l := range d.lanes {
		if !d.choose(&l, d.logits[i*c.VocabSize:(i+1)*c.VocabSize], params) {
			going = append(going, l)
		}
	}
	d.lanes = going
}

func (d *decoder) size(c Config, n int) {
	d.rows.size(c, n)
	grow(&d.logits, n*c.VocabSize)
	grow(&d.exp, c.VocabSize)
}

// predict computes the logits of n rows of the last layer's output.
func (d *decoder) predict(m *model, x []float32, n int, divisor float32) {
	c := m.config
	normRows(d.rows.normed[:n*c.HiddenSize], x, m.norm, d.rows.rstd[:n], c)
	m.project(d.logits[:n*c.VocabSize], d.rows.normed, n, divisor)
}

// choose draws the lane's next token and reports whether that ends it.
func (d *decoder) choose(l *lane, z []float32, params engine.SampleParams) (stopped bool) {
	token := sampling.Draw(z, params, l.seed.Float64(uint64(len(l.out.Tokens))), &d.draw)
	l.out.Tokens = append(l.out.Tokens, token)
	l.out.Logprobs = append(l.out.Logprobs, logprob(z, int(token), kernel.LogSumExp(z, d.exp)))
	l.next = token
	l.place++
	switch {
	case slices.Contains(params.Stop, token):
		l.out.Stop = negativa.StopToken
		return true
	case len(l.out.Tokens) == params.MaxTokens:
		l.out.Stop = negativa.StopLength
		return true
	}
	return false
}
