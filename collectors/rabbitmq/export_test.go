package rabbitmq

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// MatchTopic reports whether the pattern of a topic binding matches a routing key, and
// after how many steps it was decided.
func MatchTopic(pattern, routing string) (matches bool, steps int) {
	return matchTopic(topicWords(pattern), topicWords(routing))
}

// RouteSteps returns how many steps the reader took to follow dead letters.
func RouteSteps(r collectors.Reader) int { return r.(*reader).routeSteps }

// Remembered returns how many entries the reader keeps under names of queues.
func Remembered(c collectors.Reader) int {
	r := c.(*reader)
	return len(r.queues) + len(r.places) + len(r.setups) + len(r.deadLetterings) + len(r.visible)
}

// LimitQueues sets the most queues that the reader keeps.
func LimitQueues(c collectors.Reader, most int) { c.(*reader).mostQueues = most }

// The bounds of following dead letters.
const (
	MostRouteSteps = mostRouteSteps
	StopEvery      = stopEvery
)

// Arrivals is how arrivals of dead letters are counted, for tests of it that need time
// to pass.
type Arrivals struct{ arrivals }

// Count takes in how a queue stands.
func (a *Arrivals) Count(processed, there int64, at signal.Instant) signal.Count {
	return a.count(&signal.Partition{Start: signal.Unknown, Committed: processed, End: processed + there}, at)
}

// Samples reads the lines of a prometheus plugin.
func Samples(from io.Reader, prefix string, each func(name string, label func(string) string, value float64, ok bool)) error {
	return samples(from, prefix, func(s *sample) bool {
		value, ok := s.value()
		each(string(s.name), s.label, value, ok)
		return true
	})
}

// Transport has a reader send its requests to another place than the network.
func Transport(t testing.TB, c collectors.Reader, to http.RoundTripper) {
	t.Helper()
	r := c.(*reader)
	made, err := newClient(&r.config)
	if err != nil {
		t.Fatal(err)
	}
	made.http.Transport = to
	r.client = made
}

// Roles decides the roles of queues of the default virtual host.
type Roles struct {
	setups   map[key]setup
	consumed map[key]bool
}

// Add adds a queue.
func (r *Roles) Add(queue string, ttl time.Duration, to []string, consumed bool) {
	if r.setups == nil {
		r.setups, r.consumed = map[key]setup{}, map[key]bool{}
	}
	s := setup{signal: typeOnly("classic")}
	s.signal.Retention = ttl
	for _, name := range to {
		s.to = append(s.to, key{"/", name})
	}
	r.setups[key{"/", queue}], r.consumed[key{"/", queue}] = s, consumed
}

// Of returns the role of a queue.
func (r *Roles) Of(queue string) signal.Purpose {
	none := func(string) signal.Purpose { return signal.Purpose{} }
	return newRoles(r.setups, func(k key) (u use) {
		if r.consumed[k] {
			u.attendance.Observe(1, 1)
		}
		return u
	}, none).of(key{"/", queue})
}
