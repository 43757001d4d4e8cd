package diagnose

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/negativa-lab/negativa/internal/safetensors"
)

// Options say what to measure of folders.
type Options struct {
	Ranks   bool // ranks, and Turns, of matrices: a second or more for a large one
	Threads int  // 0: one for each CPU
	Seed    uint64
	Each    func(tensor string) // called after each tensor; nil: nobody is told
}

// Tensor is what changed in one tensor. Vectors have no rank: it is null.
type Tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Counts
	Sparsity
	Rank         *int     `json:"rank"`
	RankFraction *float64 `json:"rank_fraction"`
	StableRank   *float64 `json:"stable_rank"`
	RandomStable *float64 `json:"random_stable_rank"`
	Turn
	RandomTurn *Turn `json:"random"` // the same of W and as large a difference in random places
	// Layer and Kind place the tensor: layer −1 is none.
	Layer int    `json:"-"`
	Kind  string `json:"-"`
}

// Total is what changed in all tensors, or in those of one kind.
type Total struct {
	Counts
	Sparsity
}

// Diff is what training changed.
type Diff struct {
	Base    string           `json:"base"`
	Tuned   string           `json:"tuned"`
	DType   string           `json:"dtype"` // as stored: it decides what a changed bit is
	Total   Total            `json:"total"`
	Kinds   map[string]Total `json:"kinds"`
	Tensors []Tensor         `json:"tensors"`
}

// Pair is the overlap of two trainings of one base.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
	Overlap
}

// pairOf are the tensors of one name.
type pairOf struct{ base, tuned safetensors.Tensor }

// Folders compares a tuned model with its base, tensor by tensor. Both are Hugging Face
// folders, whole or sharded, of equal tensors; no more than a few tensors are in memory.
func Folders(ctx context.Context, base, tuned string, o Options) (Diff, error) {
	d := Diff{Base: base, Tuned: tuned, Kinds: map[string]Total{}}
	a, b, err := openBoth(base, tuned)
	if err != nil {
		return d, err
	}
	defer a.Close() //nolint:errcheck // only read
	defer b.Close() //nolint:errcheck // only read
	for _, name := range a.Names() {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		x, _ := a.Tensor(name)
		y, _ := b.Tensor(name)
		t, err := o.tensor(pairOf{x, y})
		if err != nil {
			return d, fmt.Errorf("compare %s with %s: tensor %s: %w", tuned, base, name, err)
		}
		d.add(t, string(x.DType))
		if err := errors.Join(a.Forget(name), b.Forget(name)); err != nil {
			return d, err
		}
		if o.Each != nil {
			o.Each(name)
		}
	}
	d.Total.Sparsity = d.Total.Counts.Sparsity()
	for kind, total := range d.Kinds {
		total.Sparsity = total.Counts.Sparsity()
		d.Kinds[kind] = total
	}
	return d, nil
}

func (d *Diff) add(t Tensor, dtype string) {
	d.Tensors = append(d.Tensors, t)
	d.Total.Counts.add(t.Counts)
	kind := d.Kinds[t.Kind]
	kind.Counts.add(t.Counts)
	d.Kinds[t.Kind] = kind
	switch {
	case d.DType == "":
		d.DType = dtype
	case d.DType != dtype:
		d.DType = "mixed"
	}
}

// openBoth opens two folders that have the same tensors, in shape and type.
func openBoth(base, tuned string) (a, b *safetensors.Folder, err error) {
	if a, err = safetensors.OpenFolder(base); err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", base, err)
	}
	if b, err = safetensors.OpenFolder(tuned); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open %s: %w", tuned, err), a.Close())
	}
	if err := alike(a, b); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s is no training of %s: %w", tuned, base, err), a.Close(), b.Close())
	}
	return a, b, nil
}

func alike(a, b *safetensors.Folder) error {
	names := a.Names()
	for _, name := range b.Names() {
		if !slices.Contains(names, name) {
			return fmt.Errorf("the base has no tensor %s", name)
		}
	}
	for _, name := range names {
		x, _ := a.Tensor(name)
		y, ok := b.Tensor(name)
		switch {
		case !ok:
			return fmt.Errorf("it has no tensor %s", name)
		case !slices.Equal(x.Shape, y.Shape):
			return fmt.Errorf("tensor %s has shape %v, in the base %v", name, y.Shape, x.Shape)
		case x.DType != y.DType:
			return fmt.Errorf("tensor %s is stored as %s, in the base as %s, so that their bits cannot be compared: write both in one type (negativa model merge DIR OUT --dtype …)",
				name, y.DType, x.DType)
		}
		if err := x.CheckFloat(); err != nil {
			return err
		}
	}
	return nil
}

// tensor measures one tensor.
func (o Options) tensor(p pairOf) (Tensor, error) {
	t := Tensor{Name: p.base.Name, Shape: p.base.Shape, Turn: noTurn}
	t.Layer, t.Kind = place(t.Name)
	counts, err := o.counts(p)
	if err != nil {
		return t, err
	}
	t.Counts, t.Sparsity = counts, counts.Sparsity()
	if !o.Ranks || len(t.Shape) != 2 || min(t.Shape[0], t.Shape[1]) < 2 {
		return t, nil
	}
	var spectrum Spectrum
	if counts.Bits == 0 {
		t.Turn = unmoved(t.Shape[0], t.Shape[1])
		t.RandomTurn = &t.Turn
	} else {
		var random Turn
		spectrum, t.Turn, random = o.spectra(stored(p.base), stored(p.tuned), difference(p))
		t.RandomTurn = &random
	}
	t.Rank, t.RankFraction = &spectrum.Rank, &spectrum.RankFraction
	if spectrum.Rank > 0 {
		t.StableRank, t.RandomStable = &spectrum.Stable, &spectrum.RandomStable
	}
	return t, nil
}

// spectra measures Δ = W′ − W, and W′ against W; beside both, as a control, the numbers of Δ
// in random places, and W with those added.
func (o Options) spectra(base, tuned matrix, delta []float32) (s Spectrum, turn, random Turn) {
	var squares []float64
	var before, after, elsewhere decomposition
	var scattered matrix
	sideBySide(
		o.Threads,
		func() {
			places := slices.Clone(delta)
			shuffle(places, o.Seed)
			scattered = dense(places, base.m, base.n)
			elsewhere = decompose(base.plus(scattered))
		},
		func() { squares = reduce(gram(dense(delta, base.m, base.n))).values() },
		func() { before = decompose(base) },
		func() { after = decompose(tuned) },
	)
	return spectrumOf(squares, scattered, sumOfSquares(delta)), turnOf(before, after), turnOf(before, elsewhere)
}

// sideBySide runs works on some threads, one each.
func sideBySide(threads int, works ...func()) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	free := make(chan struct{}, threads)
	var wait sync.WaitGroup
	for _, work := range works {
		free <- struct{}{}
		wait.Go(func() {
			work()
			<-free
		})
	}
	wait.Wait()
}

// difference is Δ in float32, as 2505.11711 has it.
func difference(p pairOf) []float32 {
	n := p.base.Elements()
	out, a := make([]float32, n), make([]float32, n)
	p.base.Floats(a, 0)
	p.tuned.Floats(out, 0)
	for i := range out {
		out[i] -= a[i]
	}
	return out
}

// counts looks at a tensor's blocks on all threads.
func (o Options) counts(p pairOf) (total Counts, err error) {
	err = inBlocks(p.base.Elements(), o.Threads, func(from, to int, s *scratch) (Counts, error) {
		return count(p.base, p.tuned, from, to, s)
	}, total.add)
	return total, err
}

// inBlocks looks at blocks of n numbers on all threads and adds what is found in the order of
// the blocks, so that sums do not depend on the threads. The first error in that order is
// returned.
func inBlocks[T any](n, threads int, look func(from, to int, s *scratch) (T, error), add func(T)) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	blocks := (n + blockElements - 1) / blockElements
	found, errs := make([]T, blocks), make([]error, blocks)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(threads, blocks) {
		wait.Go(func() {
			s := new(scratch)
			for i := next.Add(1) - 1; i < int64(blocks); i = next.Add(1) - 1 {
				from := int(i) * blockElements
				found[i], errs[i] = look(from, min(from+blockElements, n), s)
			}
		})
	}
	wait.Wait()
	for i := range found {
		if errs[i] != nil {
			return errs[i]
		}
		add(found[i])
	}
	return nil
}

// Overlaps compares trainings of one base in pairs.
func Overlaps(ctx context.Context, base string, tuned []string, o Options) ([]Pair, error) {
	var pairs []Pair
	for i, first := range tuned {
		for _, second := range tuned[i+1:] {
			p, err := o.overlap(ctx, base, first, second)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, Pair{first, second, p})
		}
	}
	return pairs, nil
}

func (o Options) overlap(ctx context.Context, base, first, second string) (Overlap, error) {
	a, b, err := openBoth(base, first)
	if err != nil {
		return Overlap{}, err
	}
	defer a.Close() //nolint:errcheck // only read
	defer b.Close() //nolint:errcheck // only read
	again, c, err := openBoth(base, second)
	if err != nil {
		return Overlap{}, err
	}
	defer again.Close() //nolint:errcheck // only read
	defer c.Close()     //nolint:errcheck // only read
	var sum common
	for _, name := range a.Names() {
		if err := ctx.Err(); err != nil {
			return Overlap{}, err
		}
		x, _ := a.Tensor(name)
		y, _ := b.Tensor(name)
		z, _ := c.Tensor(name)
		err := inBlocks(x.Elements(), o.Threads, func(from, to int, s *scratch) (common, error) {
			return share(x, y, z, from, to, s), nil
		}, sum.add)
		if err = errors.Join(err, a.Forget(name), b.Forget(name), c.Forget(name)); err != nil {
			return Overlap{}, err
		}
	}
	return sum.overlap(), nil
}

// place reads a tensor's layer and kind off its name: model.layers.3.mlp.up_proj.weight.
func place(name string) (layer int, kind string) {
	name = strings.TrimPrefix(name, "model.")
	layer = -1
	if rest, ok := strings.CutPrefix(name, "layers."); ok {
		number, rest, _ := strings.Cut(rest, ".")
		if _, err := fmt.Sscan(number, &layer); err == nil {
			name = rest
		}
	}
	bias := strings.HasSuffix(name, ".bias")
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")
	parts := strings.Split(name, ".")
	kind = parts[len(parts)-1]
	if bias {
		kind += " bias"
	}
	return layer, kind
}
