package demo

import (
	"context"
	"time"
)

// paceKey is the context key of the factor by which every duration is longer, for a slow
// or busy machine.
type paceKey struct{}

func withPace(ctx context.Context, pace int) context.Context {
	return context.WithValue(ctx, paceKey{}, pace)
}

// pace returns how long d takes in this shop.
func (s *Shop) pace(d time.Duration) time.Duration { return d * time.Duration(s.slower) }

// paced returns how long d takes at the pace of the context.
func paced(ctx context.Context, d time.Duration) time.Duration {
	if pace, ok := ctx.Value(paceKey{}).(int); ok {
		return d * time.Duration(pace)
	}
	return d
}

// pause waits for d at the pace of the context. It returns false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(paced(ctx, d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
