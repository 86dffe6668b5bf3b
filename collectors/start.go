package collectors

import (
	"context"
	"time"
)

// betweenStarts is how much later than the one before it each target is read for the
// first time: many targets must not ask one server all at once.
const betweenStarts = 50 * time.Millisecond

type startKey struct{}

// startingAt has the target that runs under the context take its first reading at a moment.
func startingAt(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, startKey{}, at)
}

// firstDelay is how long a target waits for its first reading. People wait for it, so it
// comes soon, yet not from all targets in the same instant, and from the last one within
// an interval. A target that is started again later does not wait for its turn.
func (p *poller) firstDelay(ctx context.Context) time.Duration {
	interval := time.Duration(p.schedule.Interval)
	if at, ok := ctx.Value(startKey{}).(time.Time); ok && at.After(time.Now().Add(-betweenStarts)) {
		// Its moment spreads it already. The rest is for other processes that started with this one.
		return max(0, min(time.Until(at), interval)) + time.Duration(p.jitter()*float64(min(betweenStarts, interval/10)))
	}
	return time.Duration(p.jitter() * float64(min(time.Second, interval/10)))
}
