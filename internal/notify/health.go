package notify

import (
	"maps"
	"sync"
	"time"
)

// Health is how the deliveries to one webhook do.
type Health struct {
	Webhook     string
	Format      string
	Delivered   int64            // findings that the receiver took, each time counted
	Failures    map[string]int64 // requests that failed, by kind
	Dropped     map[string]int64 // findings that will not be delivered, by reason
	Pending     int              // findings that have to be delivered
	LastSuccess time.Time        // zero: none yet
	Err         string           // why the last request failed; empty: it did not
}

// Why a finding is not delivered.
const (
	droppedRefused  = "refused"  // the receiver does not take the request
	droppedOverflow = "overflow" // too many findings that closed wait
)

// DropReasons returns all of them.
func DropReasons() []string { return []string{droppedRefused, droppedOverflow} }

// health is a Health that is being counted. It is safe for concurrent use.
type health struct {
	mu sync.Mutex
	h  Health
}

func newHealth(w *Webhook) *health {
	h := &health{h: Health{Webhook: w.Name, Format: w.Format, Failures: map[string]int64{}, Dropped: map[string]int64{}}}
	for _, k := range FailureKinds() { // at zero, so that a rate sees the first
		h.h.Failures[k] = 0
	}
	for _, r := range DropReasons() {
		h.h.Dropped[r] = 0
	}
	return h
}

func (h *health) copy() Health {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.h
	c.Failures, c.Dropped = maps.Clone(c.Failures), maps.Clone(c.Dropped)
	return c
}

// succeeded notes a delivery, and reports whether one had failed before.
func (h *health) succeeded(n int, at time.Time) (again bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	again, h.h.Err = h.h.Err != "", ""
	h.h.Delivered += int64(n)
	h.h.LastSuccess = at
	return again
}

// failed notes a failure, and reports whether it is news.
func (h *health) failed(f *failure) (news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	news, h.h.Err = h.h.Err != f.text, f.text
	h.h.Failures[string(f.kind)]++
	return news
}

func (h *health) dropped(reason string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.h.Dropped[reason] += int64(n)
}
