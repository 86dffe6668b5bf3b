package rabbitmq

import "github.com/lostorder/lostorder/internal/signal"

// Arrivals is how arrivals of dead letters are counted, for tests of it that need time
// to pass.
type Arrivals struct{ arrivals }

// Count takes in how a queue stands.
func (a *Arrivals) Count(processed, there int64, at signal.Instant) signal.Count {
	return a.count(&signal.Partition{Start: signal.Unknown, Committed: processed, End: processed + there}, at)
}
