package native

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/engine"
	"github.com/negativa-lab/negativa/internal/kernel"
)

// learner takes micro-batches forward and back, and gathers their gradient.
type learner struct {
	*scorer
	flow  flows
	grads *gradients
	split *split

	// Of the call at hand:
	batch     []negativa.Datum
	rows      []int // of batch, in the order of their IDs
	sequences []engine.Sequence
	loss      negativa.Loss
	result    engine.Result
	losses    []float64             // of the micro-batch
	slopes    []negativa.Evaluation // the losses' derivatives
	layer     int

	firstWord, endWord int // the rows of the vocabulary projection that are multiplied by
	tasks              []func()

	layerTasks                                            [][]func()
	headTasks, otherTasks                                 []func()
	ask, slopeShare, headShare, topBlock, layerBlock, run func(i int)
}

func newLearner(s *scorer) *learner {
	l := &learner{scorer: s, grads: newGradients(s.model)}
	l.split = newSplit(l.grads)
	a, f := &s.batch, &l.flow
	for i := range s.model.layers {
		l.layerTasks = append(l.layerTasks, layerTasks(&l.grads.layers[i], a, i, f))
	}
	l.headTasks = l.grads.headTasks(s)
	l.otherTasks = l.grads.otherTasks(a, f)
	l.ask = l.askLoss
	l.slopeShare = func(i int) {
		from, to := l.share(i)
		if l.held < len(a.expected) { // other targets' logits are there by now
			l.model.predict(a, from, to, from-l.from, l.divisor, l.full)
		}
		l.model.slopes(a, f, from, to, from-l.from, l.divisor)
	}
	l.headShare = func(i int) {
		from, to := l.share(i)
		l.model.headBackward(a, f, from, to, from-l.from, l.firstWord, l.endWord)
	}
	l.topBlock = func(i int) { l.model.targetsBackward(a, f, a.blocks[i]) }
	l.layerBlock = func(i int) {
		if l.options.Recompute && l.layer < len(a.layers)-1 { // the last layer's are still there
			l.model.forwardLayer(l.layer, a, a.blocks[i])
		}
		l.model.layerBackward(l.layer, a, f, a.blocks[i])
	}
	l.run = func(i int) { l.tasks[i]() }
	return l
}

// learn adds the gradient of a batch, which has been checked.
func (l *learner) learn(ctx context.Context, batch []negativa.Datum, loss negativa.Loss, temperature float64) (engine.Result, error) {
	l.batch, l.loss, l.result = batch, loss, engine.Result{Evaluations: newEvaluations(batch, loss)}
	defer func() { l.batch, l.loss, l.result = nil, negativa.Loss{}, engine.Result{} }()
	l.split.begin()
	wrong := slices.ContainsFunc(batch, func(d negativa.Datum) bool { return d.Sign < 0 })
	if err := l.accumulate(ctx, +1, temperature); err != nil {
		return engine.Result{}, err
	}
	if len(l.rows) > 0 {
		l.split.between(wrong)
	}
	if err := l.accumulate(ctx, -1, temperature); err != nil {
		return engine.Result{}, err
	}
	l.split.into(&l.result, wrong, l.options.Threads)
	if err := l.accumulate(ctx, 0, temperature); err != nil {
		return engine.Result{}, err
	}
	return l.result, nil
}

// newEvaluations makes room for what the rows will be found to be, one slab a kind.
func newEvaluations(batch []negativa.Datum, loss negativa.Loss) []negativa.Evaluation {
	tokens := 0
	for i := range batch {
		tokens += len(batch[i].Completion)
	}
	out := make([]negativa.Evaluation, len(batch))
	deal := func(wanted bool, into func(i int) *[]float64) {
		if !wanted {
			return
		}
		slab := make([]float64, tokens)
		for i := range batch {
			n := len(batch[i].Completion)
			*into(i), slab = slab[:n:n], slab[n:]
		}
	}
	deal(true, func(i int) *[]float64 { return &out[i].Logprobs })
	deal(loss.Entropies, func(i int) *[]float64 { return &out[i].Entropies })
	deal(loss.Values, func(i int) *[]float64 { return &out[i].Values })
	return out
}

// pick lists the rows of one sign in the order of their IDs, so that sums over them do
// not depend on the batch's order.
func (l *learner) pick(sign int) {
	l.rows, l.sequences = l.rows[:0], l.sequences[:0]
	for i := range l.batch {
		if cmp.Compare(l.batch[i].Sign, 0) == sign {
			l.rows = append(l.rows, i)
		}
	}
	slices.SortFunc(l.rows, func(i, j int) int { return cmp.Compare(l.batch[i].ID, l.batch[j].ID) })
	for _, i := range l.rows {
		l.sequences = append(l.sequences, engine.Sequence{Prompt: l.batch[i].Prompt, Completion: l.batch[i].Completion})
	}
}

// accumulate adds the gradient of the rows of one sign, a micro-batch at a time.
func (l *learner) accumulate(ctx context.Context, sign int, temperature float64) error {
	l.pick(sign)
	rows, sequences := l.rows, l.sequences
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := l.scorer.batch.take(sequences, l.options.MicroBatchTokens, l.options.Threads)
		if err := l.microBatch(rows[:n], temperature); err != nil {
			return err
		}
		rows, sequences = rows[n:], sequences[n:]
	}
	return nil
}

// microBatch is one forward and one backward pass over the packed rows.
func (l *learner) microBatch(rows []int, temperature float64) error {
	a, f, whole := &l.scorer.batch, &l.flow, l.rows
	l.rows = rows
	defer func() { l.rows = whole }()
	l.evaluate(temperature, l.loss.Entropies || l.loss.Values, true)
	f.size(l.model, len(a.tokens), len(a.expected))
	kernel.Resize(&l.losses, len(rows))
	kernel.Resize(&l.slopes, len(rows))
	kernel.Parallel(l.options.Threads, len(rows), l.ask)
	for i, loss := range l.losses {
		if !finite(loss) {
			if name, found := l.model.nonFinite(); found {
				return fmt.Errorf("the loss of row %q is %v: tensor %s holds a number that is not finite", l.batch[rows[i]].ID, loss, name)
			}
			return fmt.Errorf("the loss of row %q is %v: its log-probabilities or advantages are not finite", l.batch[rows[i]].ID, loss)
		}
		l.result.Loss += loss
	}
	if anyNonZero(f.logprob) || anyNonZero(f.entropy) || anyNonZero(f.value) {
		l.propagate()
	}
	return nil
}

// askLoss evaluates the micro-batch's i-th row and stores its derivatives in the flow.
func (l *learner) askLoss(i int) {
	a, f, s := &l.scorer.batch, &l.flow, &l.scorer.batch.sequences[i]
	from, to := s.firstTarget, s.endTarget()
	at := &l.result.Evaluations[l.rows[i]]
	for t, lp := range a.logprobs[from:to] {
		at.Logprobs[t] = float64(lp)
	}
	grad := &l.slopes[i]
	*grad = negativa.Evaluation{Logprobs: f.logprob[from:to]}
	if l.loss.Entropies {
		copy(at.Entropies, a.entropy[from:to])
		grad.Entropies = f.entropy[from:to]
	}
	if l.loss.Values {
		copy(at.Values, a.values[from:to])
		grad.Values = f.value[from:to]
	}
	l.losses[i] = l.loss.Row(&l.batch[l.rows[i]].Row, at, grad)
}

func anyNonZero(x []float64) bool {
	return slices.ContainsFunc(x, func(v float64) bool { return v != 0 })
}

// propagate takes the gradient from log-probabilities, entropies and values back to the
// embedded tokens, and adds every weight's on the way.
func (l *learner) propagate() {
	a, f, threads := &l.scorer.batch, &l.flow, l.options.Threads
	l.grads.touched = true
	for from := 0; from < len(a.expected); from += l.held {
		l.hold(from)
		kernel.Parallel(threads, l.shares(), l.slopeShare)
		l.throughHead()
		l.all(l.headTasks)
	}
	kernel.Parallel(threads, len(a.blocks), l.topBlock)
	for l.layer = len(a.layers) - 1; l.layer >= 0; l.layer-- {
		l.model.widen(l.layer, threads)
		kernel.Parallel(threads, len(a.blocks), l.layerBlock)
		l.all(l.layerTasks[l.layer])
		f.descend()
	}
	l.all(l.otherTasks)
}

// throughHead takes the flow of the held targets from their logits to what they were
// projected from, some rows of the projection after the other.
func (l *learner) throughHead() {
	words := l.model.config.VocabSize
	for l.firstWord = 0; l.firstWord < words; l.firstWord = l.endWord {
		l.endWord = min(l.firstWord+l.model.headSlice(), words)
		l.model.widenHead(l.firstWord, l.endWord, l.options.Threads)
		kernel.Parallel(l.options.Threads, l.shares(), l.headShare)
	}
}

func (l *learner) all(tasks []func()) {
	l.tasks = tasks
	kernel.Parallel(l.options.Threads, len(tasks), l.run)
}
