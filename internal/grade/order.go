package grade

import (
	"context"
	"errors"
	"io"
)

// inOrder calls f on what next gives, on several goroutines, and take on the results in
// the order of next, on this one, until next says io.EOF. It keeps at most three batches
// a worker. The first error, of next or take, ends it; results before it were taken.
func inOrder[In, Out any](ctx context.Context, workers int, next func() (In, error), f func(In) Out, take func(Out) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type slot struct {
		in  In
		out chan Out
	}
	queue, jobs := make(chan slot, 2*workers), make(chan slot)
	var failure error // written before queue is closed, read after
	go func() {
		defer close(queue)
		defer close(jobs)
		for {
			in, err := next()
			if err != nil {
				failure = err
				return
			}
			s := slot{in: in, out: make(chan Out, 1)}
			for _, c := range []chan<- slot{queue, jobs} {
				select {
				case c <- s:
				case <-ctx.Done():
					failure = ctx.Err()
					return
				}
			}
		}
	}()
	for range workers {
		go func() {
			for s := range jobs {
				s.out <- f(s.in)
			}
		}()
	}
	for {
		s, ok, err := receive(ctx, queue)
		switch {
		case err != nil:
			return err
		case !ok && errors.Is(failure, io.EOF):
			return nil
		case !ok:
			return failure
		}
		out, _, err := receive(ctx, s.out)
		if err != nil {
			return err
		}
		if err := take(out); err != nil {
			return err
		}
	}
}

// receive waits for a value or for the context's end.
func receive[T any](ctx context.Context, c <-chan T) (value T, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return value, false, err
	}
	select {
	case value, ok = <-c:
		return value, ok, nil
	case <-ctx.Done():
		return value, false, ctx.Err()
	}
}
