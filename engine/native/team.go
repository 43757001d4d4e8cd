package native

import "github.com/negativa-lab/negativa/internal/kernel"

// team is the threads that compute one product together, each some columns of it: few
// rows against large weights. Products of many rows are computed alone, by one thread a
// block of rows.
type team struct {
	threads int
	tasks   int
	batch   products
	left    kernel.Left // what the batch multiplies by
	do      func(i int) // made once: a product allocates nothing
}

// products are up to three of the same rows; the first is never empty.
type products struct {
	in    []float32
	inRow int
	n     int
	jobs  [3]product
}

// product is out = in · weights, and what the projection has beside them.
type product struct {
	out  []float32
	by   *projection
	down []float32 // [n, r]: the adapter's narrow rows
}

// alone is the team of one.
var alone = &team{threads: 1}

func newTeam(threads int) *team {
	if threads == 1 {
		return alone
	}
	t := &team{threads: threads}
	t.do = func(i int) { t.batch.columns(i, t.tasks, &t.left) }
	return t
}

// narrowRows is scratch for x·Aᵀ of up to three projections.
type narrowRows [3][]float32

var narrow kernel.Pool[narrowRows]

// products multiplies n rows of in, inRow wide, by up to three projections.
func (t *team) products(in []float32, inRow, n int, jobs ...product) {
	b := products{in: in, inRow: inRow, n: n}
	copy(b.jobs[:], jobs)
	if !b.adapted() {
		t.share(b)
		return
	}
	scratch := narrow.Get()
	b.descend(scratch)
	t.share(b)
	narrow.Put(scratch)
}

// share computes products together, or alone.
func (t *team) share(b products) {
	if t.threads == 1 {
		b.columns(0, 1, nil)
		return
	}
	t.batch, t.tasks = b, 4*t.threads
	t.left.Set(b.n, kernel.Dense(b.in, b.inRow), &b.jobs[0].by.weights)
	kernel.Parallel(t.threads, t.tasks, t.do)
}

// adapted tells whether a projection has an adapter.
func (b *products) adapted() bool {
	for i := range b.jobs {
		if p := b.jobs[i].by; p != nil && p.adapter != nil {
			return true
		}
	}
	return false
}

// descend computes the adapters' narrow rows.
func (b *products) descend(scratch *narrowRows) {
	for i := range b.jobs {
		if p := b.jobs[i].by; p != nil && p.adapter != nil {
			kernel.Resize(&scratch[i], b.n*p.adapter.a.N)
			p.adapter.down(scratch[i], b.in, b.inRow, b.n)
			b.jobs[i].down = scratch[i]
		}
	}
}

// columns computes one of some shares of every product: for each output the products with
// the weights, k ascending, then the bias, then the adapter's products. A team has made the
// rows ready beforehand.
func (b *products) columns(share, shares int, left *kernel.Left) {
	for i := range b.jobs {
		p := &b.jobs[i]
		if p.by == nil {
			continue
		}
		w := &p.by.weights
		pairs := (w.Panels() + 1) / 2 // panels are multiplied by two at a time
		from, to := 2*(share*pairs/shares), min(2*((share+1)*pairs/shares), w.Panels())
		if left != nil {
			kernel.GemmLeft(p.out, w.N, left, w, from, to, false)
		} else {
			kernel.GemmPanels(p.out, w.N, b.n, kernel.Dense(b.in, b.inRow), w, from, to, false)
		}
		if p.by.bias != nil {
			first, last := from*kernel.Panel, min(w.N, to*kernel.Panel)
			for row := range b.n {
				kernel.Add(p.out[row*w.N+first:row*w.N+last], p.by.bias[first:last])
			}
		}
		if a := p.by.adapter; a != nil {
			kernel.GemmPanels(p.out, w.N, b.n, kernel.Dense(p.down, a.b.K), &a.b, from, to, true)
		}
	}
}
