package native

import (
	"context"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/internal/draw"
	"github.com/negativa-lab/negativa/internal/kernel"
	"github.com/negativa-lab/negativa/internal/sampling"
)

// cacheBudget bounds the numbers in the lanes' caches.
const cacheBudget = 32 << 20

// prefix is a prompt whose keys and values its samples share.
type prefix struct {
	job
	length int
	cache  cache
	logits []float32 // [V]: after the prompt
	users  int       // lanes
}

// lane is one sample that is being drawn.
type lane struct {
	out      *negativa.Rollout
	prefix   *prefix
	seed     draw.Source
	tokens   []negativa.Token
	logprobs []float32
	cache    cache // of the completion
	ended    bool
}

// own is how many positions of its own the lane attends to, the new one included.
func (l *lane) own() int { return len(l.tokens) }

// decoder draws samples. Its memory is used again and again: after the first steps,
// drawing a token allocates nothing.
type decoder struct {
	queue *queue
	model *model
	team  *team
	width int // lanes at most

	lanes        []*lane
	waiting      []*prefix // prompts with samples that have no lane yet
	spareLanes   []*lane
	sparePrompts []*prefix

	prompts activations
	rows    rows
	logits  []float32
	parts   []part // one for each thread
	places  []int
	tokens  []negativa.Token
	layer   int

	prefillBlock, attendPart, activatePart, choosePart func(i int)
}

// part is one thread's scratch.
type part struct {
	scores []float32
	draw   sampling.Scratch
}

// run draws samples until the queue is empty.
func (d *decoder) run(ctx context.Context, q *queue, threads int) {
	d.open(q, threads)
	for ctx.Err() == nil && !q.poisoned.Load() {
		if free := d.width - len(d.lanes); len(d.lanes) == 0 || free >= max(1, d.width/8) {
			d.board(free)
		}
		if len(d.lanes) == 0 {
			break
		}
		d.step()
	}
	d.close()
}

func (d *decoder) open(q *queue, threads int) {
	d.queue, d.model = q, q.model
	if d.team == nil {
		d.team, d.parts = newTeam(threads), make([]part, threads)
		d.prefillBlock = func(i int) { d.prefill(d.prompts.blocks[i]) }
		d.attendPart = func(i int) { d.attend(i) }
		d.activatePart = func(i int) { d.activate(i) }
		d.choosePart = func(i int) { d.chooseAll(i) }
	}
	d.width = min(q.lanes, q.fair, max(1, cacheBudget/cacheNumbers(q.model.config, q.params.MaxTokens)))
}

// close forgets what an interrupted run leaves.
func (d *decoder) close() {
	for _, l := range d.lanes {
		d.release(l)
	}
	d.sparePrompts = append(d.sparePrompts, d.waiting...)
	d.lanes, d.waiting, d.queue = d.lanes[:0], d.waiting[:0], nil
}

// board gives free lanes to samples that wait: each sample's first token is drawn from
// the logits after its prompt.
func (d *decoder) board(free int) {
	for free > 0 {
		if len(d.waiting) == 0 && !d.admit(free) {
			return
		}
		p := d.waiting[0]
		l := d.lane(p)
		p.from++
		if p.from == p.to {
			d.waiting = slices.Delete(d.waiting, 0, 1)
		}
		if d.choose(l, p.logits, &d.parts[0]); l.ended {
			d.finish(l)
			continue
		}
		d.lanes = append(d.lanes, l)
		free--
	}
}

// lane prepares the prompt's next sample.
func (d *decoder) lane(p *prefix) *lane {
	l := pop(&d.spareLanes)
	r := &d.queue.requests[p.request]
	*l = lane{
		out: &d.queue.out[p.request][p.from], prefix: p, seed: draw.New(r.Seed, "sample").At(uint64(p.from)),
		tokens: l.tokens[:0], logprobs: l.logprobs[:0], cache: l.cache,
	}
	l.out.Sample = p.from
	l.cache.reserve(d.model.config, d.queue.params.MaxTokens)
	p.users++
	return l
}

// finish hands a sample over.
func (d *decoder) finish(l *lane) {
	l.out.Tokens, l.out.Logprobs = slices.Clone(l.tokens), slices.Clone(l.logprobs)
	d.release(l)
}

func (d *decoder) release(l *lane) {
	p := l.prefix
	if p.users--; p.users == 0 && p.from == p.to {
		d.sparePrompts = append(d.sparePrompts, p)
	}
	d.spareLanes = append(d.spareLanes, l)
}

// pop takes a used object, or a new one.
func pop[T any](spare *[]*T) *T {
	last := len(*spare) - 1
	if last < 0 {
		return new(T)
	}
	x := (*spare)[last]
	*spare = (*spare)[:last]
	return x
}

// admit computes the prompts of the next jobs, of about as many samples as there are
// free lanes. It reports false if no job is left.
func (d *decoder) admit(free int) bool {
	c := d.model.config
	d.prompts.reset()
	for samples := 0; samples < free && len(d.prompts.tokens) < d.queue.options.MicroBatchTokens; {
		j, ok := d.queue.take()
		if !ok {
			break
		}
		prompt := d.queue.requests[j.request].Prompt
		p := pop(&d.sparePrompts)
		p.job, p.length, p.users = j, len(prompt), 0
		p.cache.reserve(c, len(prompt))
		d.waiting = append(d.waiting, p)
		d.prompts.open(prompt)
		samples += j.to - j.from
	}
	if len(d.waiting) == 0 {
		return false
	}
	d.prompts.size(c, true, d.team.threads)
	kernel.Parallel(d.team.threads, len(d.prompts.blocks), d.prefillBlock)
	d.size(c, len(d.waiting))
	for i := range d.waiting {
		last := d.prompts.units[i].endRow - 1
		copy(d.rows.x[i*c.HiddenSize:(i+1)*c.HiddenSize], d.prompts.x[last*c.HiddenSize:])
	}
	d.predict(len(d.waiting))
	for i, p := range d.waiting {
		p.logits = append(p.logits[:0], d.logits[i*c.VocabSize:(i+1)*c.VocabSize]...)
	}
	return true
}

// prefill computes a block of prompts and keeps their keys and values.
func (d *decoder) prefill(b block) {
	c, a := d.model.config, &d.prompts
	d.model.embedTokens(a.layers[0].x[b.firstRow*c.HiddenSize:], a.tokens[b.firstRow:b.endRow])
	for layer := range a.layers {
		r := d.model.forwardLayer(layer, a, b)
		for i := b.from; i < b.to; i++ {
			at := (a.units[i].firstRow - b.firstRow) * c.keyWidth()
			d.waiting[i].cache.store(layer, 0, a.units[i].prompt, r.k[at:], r.v[at:], c)
		}
		out := a.x
		if layer+1 < len(a.layers) {
			out = a.layers[layer+1].x
		}
		d.model.mlpOutput(layer, &r, out[b.firstRow*c.HiddenSize:b.endRow*c.HiddenSize], alone)
	}
}

// step advances every lane by one token; lanes that end leave.
func (d *decoder) step() {
	m, r, n := d.model, &d.rows, len(d.lanes)
	d.size(m.config, n)
	d.tokens, d.places = d.tokens[:0], d.places[:0]
	for _, l := range d.lanes {
		d.tokens = append(d.tokens, l.tokens[len(l.tokens)-1])
		d.places = append(d.places, l.prefix.length+len(l.tokens)-1)
	}
	m.embedTokens(r.x, d.tokens)
	for d.layer = range m.layers {
		m.project(d.layer, r, d.team)
		d.divide(d.attendPart)
		m.attentionOutputs(d.layer, r, d.team)
		m.gates(d.layer, r, d.team)
		d.divide(d.activatePart)
		m.mlpOutput(d.layer, r, r.x, d.team)
	}
	d.predict(n)
	d.divide(d.choosePart)
	going := d.lanes[:0]
	for _, l := range d.lanes {
		if l.ended {
			d.finish(l)
		} else {
			going = append(going, l)
		}
	}
	d.lanes = going
}

func (d *decoder) size(c Config, n int) {
	d.rows.size(c, n)
	kernel.Resize(&d.logits, n*c.VocabSize)
}

// shares is how many parts the lanes are divided into, for a thread each.
func (d *decoder) shares() int { return min(len(d.parts), len(d.lanes)) }

// divide does something to each part of the lanes.
func (d *decoder) divide(do func(part int)) { kernel.Parallel(d.shares(), d.shares(), do) }

// share is one part of the lanes.
func (d *decoder) share(i int) (from, to int) {
	parts := d.shares()
	return i * len(d.lanes) / parts, (i + 1) * len(d.lanes) / parts
}

// activate is the middle of the MLP, of a part of the lanes.
func (d *decoder) activate(i int) {
	from, to := d.share(i)
	r := d.rows.slice(d.model.config, from, to)
	d.model.activate(&r)
}

// attend places the queries and keys of a part of the lanes, stores their new position and
// attends, prompt by prompt.
func (d *decoder) attend(i int) {
	c, r := d.model.config, &d.rows
	from, to := d.share(i)
	own := d.rows.slice(c, from, to)
	d.model.place(d.layer, &own, d.places[from:to])
	for from < to {
		next := from
		for next < to && d.lanes[next].prefix == d.lanes[from].prefix {
			l := d.lanes[next]
			l.cache.store(d.layer, l.own()-1, 1, r.k[next*c.keyWidth():], r.v[next*c.keyWidth():], c)
			next++
		}
		attend(d.layer, d.lanes[from:next], r.q[from*c.queryWidth():], r.attended[from*c.queryWidth():], c, &d.parts[i].scores)
		from = next
	}
}

// predict computes the logits of n rows of the last layer's output.
func (d *decoder) predict(n int) {
	m, c := d.model, d.model.config
	normed := d.rows.normed[:n*c.HiddenSize]
	m.normRows(normed, d.rows.x, m.norm, d.rows.rstd[:n])
	m.round(normed)
	m.unembed(d.logits[:n*c.VocabSize], normed, n, divisor(d.queue.params.Temperature), d.team)
}

func (d *decoder) chooseAll(i int) {
	from, to := d.share(i)
	width := d.model.config.VocabSize
	for j := from; j < to; j++ {
		d.choose(d.lanes[j], d.logits[j*width:(j+1)*width], &d.parts[i])
	}
}

// choose draws the lane's next token and notes whether that ends it.
func (d *decoder) choose(l *lane, z []float32, p *part) {
	params := d.queue.params
	token, lse := sampling.Draw(z, params, l.seed.Float64(uint64(len(l.tokens))), &p.draw)
	lp := logprob(z, int(token), lse)
	l.tokens = append(l.tokens, token)
	l.logprobs = append(l.logprobs, lp)
	if d.queue.each != nil {
		d.queue.each(token)
	}
	switch {
	case !finite(float64(lp)):
		d.queue.poisoned.Store(true)
		l.ended = true
	case slices.Contains(params.Stop, token):
		l.out.Stop, l.ended = negativa.StopToken, true
	case len(l.tokens) == params.MaxTokens:
		l.out.Stop, l.ended = negativa.StopLength, true
	}
}
