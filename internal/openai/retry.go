package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/negativa-lab/negativa/internal/draw"
)

const (
	firstPause = time.Second // doubled with each attempt
	longPause  = time.Minute
	mostPause  = 15 * time.Minute       // a server that asks for more is asked another day
	spread     = 100 * time.Millisecond // over which requests go through an opened gate
)

// gate holds all requests back while the server wants none.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// shut keeps the gate shut for a time, and tells whether that is news.
func (g *gate) shut(d time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	until := time.Now().Add(d)
	news := time.Now().After(g.until)
	if until.After(g.until) {
		g.until = until
	}
	return news
}

// left is how long the gate stays shut.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Until(g.until)
}

// retry makes attempts until one succeeds, or its error says that none will. A rate
// limit is no fault of the request, and is given ten times as many.
func (c *Client) retry(ctx context.Context, address uint64, attempt func() error) error {
	jitter := draw.New(c.Seed, "retry").At(address)
	for i := 0; ; i++ {
		if shut := c.gate.left(); shut > 0 {
			if err := c.sleep(ctx, shut+time.Duration(jitter.Float64(uint64(i))*float64(spread))); err != nil {
				return err
			}
		}
		err := attempt()
		e, ok := errors.AsType[*Error](err)
		if !ok || !e.Again {
			return err
		}
		attempts := c.Attempts
		if e.Status == http.StatusTooManyRequests {
			attempts *= 10
		}
		if i+1 >= attempts {
			return fmt.Errorf("asked %d times: %w", i+1, err)
		}
		if e.After > mostPause {
			e.Again, e.Hopeless = false, true
			return fmt.Errorf("the server asks to wait %s, which is too long: %w", e.After.Round(time.Second), e)
		}
		if err := c.wait(ctx, e, i, jitter.Float64(uint64(i))); err != nil {
			return err
		}
	}
}

// wait pauses after the i-th attempt. Where the server names a time, or limits the rate,
// the gate holds all requests back; else this one alone waits, twice as long each time,
// shortened at random so that those who failed together do not come back together.
func (c *Client) wait(ctx context.Context, e *Error, i int, jitter float64) error {
	pause := time.Duration((1 - jitter/2) * float64(min(longPause, firstPause<<min(i, 10))))
	if e.After > 0 {
		pause = e.After
	}
	gated := e.After > 0 || e.Status == http.StatusTooManyRequests
	if news := !gated || c.gate.shut(pause); news && c.Notice != nil {
		c.Notice(fmt.Sprintf("waits %s: %v", pause.Round(100*time.Millisecond), e))
	}
	if gated {
		return nil
	}
	return c.sleep(ctx, pause)
}

func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	if c.pause != nil {
		return c.pause(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
