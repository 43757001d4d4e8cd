package kernel

import (
	"sync"
	"sync/atomic"
)

// Parallel calls do(i) for i = 0 … n-1 on up to threads goroutines. Which goroutine
// gets which i is not determined, so do must write only what belongs to its i.
func Parallel(threads, n int, do func(i int)) {
	threads = min(threads, n)
	if threads <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
			do(int(i))
		}
	}
	var wait sync.WaitGroup
	for range threads - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
}
