package native

import "github.com/negativa-lab/negativa/internal/kernel"

// team is the threads that compute one product together, each some columns of it: few
// rows against large weights. Products of many rows are computed alone, by one thread a
// block of rows.
type team struct {
	threads int
	in      []float32
	inRow   int
	n       int
	jobs    [3]product
	tasks   int
	do      func(i int) // made once: a product allocates nothing
}

// product is out = in · weights for the rows at hand.
type product struct {
	out     []float32
	weights *kernel.Packed
}

// alone is the team of one.
var alone = &team{threads: 1}

func newTeam(threads int) *team {
	if threads == 1 {
		return alone
	}
	t := &team{threads: threads}
	t.do = t.columns
	return t
}

// products multiplies n rows of in, inRow wide, by up to three sets of weights.
func (t *team) products(in []float32, inRow, n int, jobs ...product) {
	if t.threads == 1 {
		for _, p := range jobs {
			kernel.GemmPacked(p.out, p.weights.N, n, kernel.Dense(in, inRow), p.weights, false)
		}
		return
	}
	t.in, t.inRow, t.n, t.jobs = in, inRow, n, [3]product{}
	copy(t.jobs[:], jobs)
	t.tasks = 4 * t.threads
	kernel.Parallel(t.threads, t.tasks, t.do)
}

// columns computes one share of every product.
func (t *team) columns(i int) {
	for _, p := range t.jobs {
		if p.weights != nil {
			n := p.weights.Panels()
			kernel.GemmPanels(p.out, p.weights.N, t.n, kernel.Dense(t.in, t.inRow), p.weights, i*n/t.tasks, (i+1)*n/t.tasks, false)
		}
	}
}
