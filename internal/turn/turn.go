// Package turn times a reading that may have to wait for its turn. The time for which it waits
// does not count: a target that waits is late, and not failed.
package turn

import (
	"context"
	"sync"
	"time"
)

// WithTimeout returns a context that ends when timeout has passed, not counting the time
// between Waiting and the call of what Waiting returned.
func WithTimeout(parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	c := &clock{Context: parent, left: timeout, done: make(chan struct{})}
	c.mu.Lock()
	c.resume() // before parent can end it, which may be at once
	c.mu.Unlock()
	stop := context.AfterFunc(parent, func() { c.end(parent.Err()) })
	return c, func() {
		stop()
		c.end(context.Canceled)
	}
}

// Waiting notes that what runs under ctx waits for its turn, until resume is called.
func Waiting(ctx context.Context) (resume func()) {
	c, ok := ctx.Value(key{}).(*clock)
	if !ok {
		return func() {}
	}
	resumeParent := Waiting(c.Context)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting++; c.waiting == 1 {
		c.timer.Stop()
		c.left -= time.Since(c.since)
	}
	return func() {
		c.mu.Lock()
		if c.waiting--; c.waiting == 0 {
			c.resume()
		}
		c.mu.Unlock()
		resumeParent()
	}
}

// Left returns how much time ctx has, without the time for which it will wait for its turn; false
// if it has no end.
func Left(ctx context.Context) (left time.Duration, ok bool) {
	c, ok := ctx.Value(key{}).(*clock)
	if !ok {
		deadline, ok := ctx.Deadline()
		return time.Until(deadline), ok
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if left = c.left; c.waiting == 0 {
		left -= time.Since(c.since)
	}
	return left, true
}

type key struct{}

// clock is a context with a timeout that can be paused. It has a channel of its own, so that
// contexts made from it end with its error and not with that of its parent.
type clock struct {
	context.Context

	mu      sync.Mutex
	timer   *time.Timer
	since   time.Time     // when the timer was started
	left    time.Duration // at that moment
	waiting int
	done    chan struct{}
	err     error
}

func (c *clock) resume() {
	if c.err != nil {
		return
	}
	c.since = time.Now()
	c.timer = time.AfterFunc(c.left, func() { c.end(context.DeadlineExceeded) })
}

func (c *clock) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		c.timer.Stop()
		close(c.done)
	}
}

// Deadline is not known, for it moves.
func (c *clock) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *clock) Done() <-chan struct{} { return c.done }

func (c *clock) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *clock) Value(k any) any {
	if k == (key{}) {
		return c
	}
	return c.Context.Value(k)
}
