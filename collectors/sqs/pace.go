package sqs

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// slowest is the lowest rate while AWS throttles, in requests per second.
	slowest = 0.5
	// relent is the shortest time between two slowdowns, because requests that are in
	// flight together are throttled together.
	relent = 500 * time.Millisecond
	// recovery is the share of the full rate that each answer restores.
	recovery = 0.02
	// attempts is the most tries of one request in a reading.
	attempts = 4
)

var (
	// errNoTime: the reading ended before the request's turn or its answer.
	errNoTime = errors.New("no time left at this request rate")
	// errNoAnswer: the server had all the time that a request may take.
	errNoAnswer = errors.New("no answer in time")
)

// pace spreads requests evenly over time, and slows down when AWS throttles them.
type pace struct {
	limiter *rate.Limiter
	under   chan struct{} // a place for each request under way
	users   int           // guarded by paces
	waiting atomic.Int32  // requests of readings that wait for their turn
	spare   chan struct{} // held by the one request that waits until no other does

	mu     sync.Mutex
	full   rate.Limit
	slowed time.Time
	http   *http.Client // nil before the first connection
}

func newPace(perSecond int) *pace {
	// A burst of one, so that no second exceeds the configured rate.
	return &pace{limiter: rate.NewLimiter(rate.Limit(perSecond), 1), under: make(chan struct{}, inParallel), spare: make(chan struct{}, 1), full: rate.Limit(perSecond)}
}

// atMost lowers the pace.
func (p *pace) atMost(perSecond int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := rate.Limit(perSecond); limit < p.full {
		p.full = limit
		p.limiter.SetLimit(min(limit, p.limiter.Limit()))
	}
}

// connections returns the client whose connections all entries share: that of the first
// which connected.
func (p *pace) connections(own *http.Client) *http.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.http == nil {
		p.http = own
	}
	return p.http
}

// begin waits for the turn of one request; done ends it.
func (p *pace) begin(ctx context.Context) (done func(), err error) {
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	return p.take(ctx)
}

// beginSpare is begin for a request that can be made later: it lets all others of the account go
// first.
func (p *pace) beginSpare(ctx context.Context) (done func(), err error) {
	select {
	case p.spare <- struct{}{}:
		defer func() { <-p.spare }()
	case <-ctx.Done():
		return nil, errNoTime
	}
	for p.waiting.Load() > 0 {
		select {
		case <-time.After(time.Duration(float64(time.Second) / float64(p.limiter.Limit()))):
		case <-ctx.Done():
			return nil, errNoTime
		}
	}
	return p.take(ctx)
}

// take waits for the next request that the rate allows, and for a place.
func (p *pace) take(ctx context.Context) (done func(), err error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	select {
	case p.under <- struct{}{}:
		return func() { <-p.under }, nil
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	return nil, errNoTime
}

// wait waits until the next request may begin.
func (p *pace) wait(ctx context.Context) error {
	if err := p.limiter.Wait(ctx); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return ctx.Err()
		}
		return errNoTime
	}
	return nil
}

// throttled halves the rate.
func (p *pace) throttled(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.slowed) < relent {
		return
	}
	p.slowed = now
	p.limiter.SetLimit(max(min(slowest, p.full), p.limiter.Limit()/2))
}

// answered restores the rate step by step.
func (p *pace) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if limit := p.limiter.Limit(); limit < p.full {
		p.limiter.SetLimit(min(p.full, limit+p.full*recovery))
	}
}

// call makes one request when its turn comes, with a timeout of its own. It retries a
// request that was throttled, that the server failed to answer, or whose connection was
// lost.
func (r *reader) call(ctx context.Context, request func(ctx context.Context) error) error {
	return r.callInTurn(ctx, r.pace.begin, request)
}

// callSpare is call for a request that can be made later.
func (r *reader) callSpare(ctx context.Context, request func(ctx context.Context) error) error {
	return r.callInTurn(ctx, r.pace.beginSpare, request)
}

func (r *reader) callInTurn(ctx context.Context, begin func(context.Context) (func(), error), request func(ctx context.Context) error) error {
	var last error
	for try := range attempts {
		done, err := begin(ctx)
		if err != nil {
			if last != nil {
				return last // the reason for the retry is more helpful
			}
			return err
		}
		err = r.once(ctx, request)
		done()
		switch {
		case err == nil:
			r.pace.answered()
			return nil
		case ctx.Err() != nil:
			return err
		case isOutdated(err):
			r.outdated.Store(true)
			return err
		case isThrottling(err):
			r.pace.throttled(time.Now())
		case (isServerFault(err) || isCut(err)) && try == 0:
		default:
			return err
		}
		last = err
	}
	return last
}

func (r *reader) once(ctx context.Context, request func(ctx context.Context) error) error {
	one, cancel := context.WithTimeoutCause(ctx, r.config.requestTimeout(), errNoAnswer)
	defer cancel()
	err := request(one)
	switch {
	case err == nil || one.Err() == nil || errors.Is(one.Err(), context.Canceled):
		return err
	case errors.Is(context.Cause(one), errNoAnswer):
		return errNoAnswer
	}
	return errNoTime
}

// requestTimeout bounds a request, so that one that hangs leaves time for the others.
func (c *Config) requestTimeout() time.Duration {
	return min(10*time.Second, time.Duration(c.Timeout)/3)
}
