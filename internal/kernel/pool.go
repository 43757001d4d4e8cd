package kernel

import "sync"

// Pool keeps scratch memory for the next use. Unlike sync.Pool it never drops any: after
// the first uses nothing is allocated. Its zero value is ready.
type Pool[T any] struct {
	mu   sync.Mutex
	free []*T
}

// Get returns an object that Put has left, or a new one.
func (p *Pool[T]) Get() *T {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	if last < 0 {
		return new(T)
	}
	x := p.free[last]
	p.free = p.free[:last]
	return x
}

// Put leaves an object for the next Get.
func (p *Pool[T]) Put(x *T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, x)
}

// Resize sets a slice's length, keeping its memory where that suffices. Contents are not
// kept.
func Resize[T any](x *[]T, n int) {
	if cap(*x) < n {
		*x = make([]T, n)
	}
	*x = (*x)[:n]
}
