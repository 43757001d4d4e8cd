package kernel

import (
	"sync"
	"sync/atomic"
)

// Parallel calls do(i) for i = 0 … n-1 on up to threads goroutines. Which goroutine
// gets which i is not determined, so do must write only what belongs to its i.
//
// It allocates nothing once there are workers enough. Calls may be nested and may run
// at the same time; a worker serves one of them at a time.
func Parallel(threads, n int, do func(i int)) {
	threads = min(threads, n)
	if threads <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	hired := hire(threads - 1)
	c := &hired.crew
	c.do, c.n = do, int64(n)
	c.next.Store(0)
	c.busy.Store(int64(threads - 1))
	for w := hired; w != nil; {
		next := w.colleague // w is its own again once it has started
		w.start(c)
		w = next
	}
	c.work()
	c.wait()
	c.do = nil
	dismiss(hired)
}

// crew is one call of Parallel.
type crew struct {
	do       func(i int)
	n        int64
	next     atomic.Int64 // the first i that nobody has taken
	busy     atomic.Int64 // workers that have not finished
	finished signal
}

func (c *crew) work() {
	for i := c.next.Add(1) - 1; i < c.n; i = c.next.Add(1) - 1 {
		c.do(int(i))
	}
}

// wait returns when every worker of the crew has finished.
func (c *crew) wait() {
	c.finished.await(func() bool { return c.busy.Load() == 0 })
}

// worker is a goroutine that waits for crews. The first worker of a call carries its
// crew, so that a call allocates none.
type worker struct {
	crew      crew
	colleague *worker // the next of the free workers, or of those hired together
	task      atomic.Pointer[crew]
	called    signal
}

var (
	freeMu sync.Mutex
	free   *worker
)

// hire takes n workers, linked by colleague.
func hire(n int) (first *worker) {
	freeMu.Lock()
	defer freeMu.Unlock()
	for range n {
		w := free
		if w == nil {
			w = newWorker()
		} else {
			free = w.colleague
		}
		w.colleague, first = first, w
	}
	return first
}

func dismiss(first *worker) {
	freeMu.Lock()
	defer freeMu.Unlock()
	last := first
	for last.colleague != nil {
		last = last.colleague
	}
	last.colleague, free = free, first
}

func newWorker() *worker {
	w := &worker{called: newSignal()}
	w.crew.finished = newSignal()
	go func() {
		for {
			w.called.await(func() bool { return w.task.Load() != nil })
			c := w.task.Swap(nil)
			c.work()
			if c.busy.Add(-1) == 0 {
				c.finished.notify()
			}
		}
	}()
	return w
}

func (w *worker) start(c *crew) {
	w.task.Store(c)
	w.called.notify()
}

// signal lets one goroutine wait for a condition that others make true. It looks for
// a while before it sleeps: waking a goroutine costs more than most waits
// between the parts of a training step, and a longer look would take the processor
// from another program.
type signal struct {
	asleep *atomic.Bool
	wake   chan struct{}
}

func newSignal() signal { return signal{new(atomic.Bool), make(chan struct{}, 1)} }

// looks is how often a waiting goroutine looks before it sleeps: some 90 µs, about as long
// as waking it takes, so that no wait costs much more than twice what it must.
const looks = 900

func (s signal) await(ready func() bool) {
	for {
		for range looks {
			if ready() {
				return
			}
			pause()
		}
		s.asleep.Store(true)
		if ready() && s.asleep.CompareAndSwap(true, false) {
			return
		}
		<-s.wake // or the late notice of an earlier condition
	}
}

// notify wakes the goroutine if it sleeps; the condition must be true already.
func (s signal) notify() {
	if s.asleep.CompareAndSwap(true, false) {
		s.wake <- struct{}{}
	}
}
