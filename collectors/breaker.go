package collectors

import "time"

const (
	// breakerTrips is how many readings in a row may fail before the target is read less
	// often: one restart of a broker must not delay the next reading.
	breakerTrips = 3
	// breakerMaxDelay bounds how long a recovered target stays red.
	breakerMaxDelay = 2 * time.Minute
	// jitterShare is how much of a delay is random.
	jitterShare = 0.1
)

// breaker spaces the readings of a target: at its interval while they succeed,
// and at twice the delay of the last one, up to two minutes, once they keep
// failing. The next reading that succeeds closes it.
type breaker struct {
	interval time.Duration
	failures int
	lastErr  string
}

// observe records the result of a reading and reports whether the target's health
// changed, so that a change is logged once.
func (b *breaker) observe(failed bool, err error) (change bool) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	change = text != b.lastErr
	b.lastErr = text
	if failed {
		b.failures++
	} else {
		b.failures = 0
	}
	return change
}

// next returns the delay from the beginning of one reading to the next; jitter is
// in [0,1).
func (b *breaker) next(jitter float64) time.Duration {
	delay := b.interval
	for i := breakerTrips; i <= b.failures && delay < breakerMaxDelay; i++ {
		delay *= 2
	}
	delay = min(delay, max(breakerMaxDelay, b.interval))
	return delay + time.Duration((jitter-0.5)*jitterShare*float64(delay))
}
