// Package watch connects collectors, decisions and exports. It takes the reports of all
// targets, keeps the last good reading of each, lets the failure modes be decided, and
// returns consistent snapshots for the exports.
package watch

import (
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// Snapshot is what lostorder knows at one time. It is immutable, so any goroutine may
// read it.
type Snapshot struct {
	// Version changes with every report, so that results derived from a snapshot can be
	// kept until the next.
	Version uint64
	// Ready is true once every target has been read, or tried, at least once.
	Ready    bool
	Targets  []Target         // in order of their ids
	Open     []signal.Finding // open findings: the most severe first, then the oldest
	Closed   []signal.Finding // those closed in the last 30 days, the latest first
	Expiries []detect.Expiry  // queues whose messages will be removed unprocessed
	Counters detect.Counters  // counters since start
	// Acknowledgements are those of the config, in its order, with what they cover now.
	Acknowledgements []Acknowledgement
}

// Target is the state of one target.
type Target struct {
	ID signal.TargetID
	// Labels are those of the config for its findings, and QueueLabels those of its
	// objectives for some of them.
	Labels      signal.Labels
	QueueLabels []signal.Labels
	Interval    time.Duration
	Up          bool          // the last attempt brought readings, whole or in part
	Err         error         // of the last attempt; nil when it was whole
	Attempt     time.Time     // end of the last attempt; zero before the first
	Took        time.Duration // of the last attempt
	Success     time.Time     // end of the last whole reading; zero if there was none
	Watched     time.Time     // end of the first reading since the start; zero if there was none
	// Reading is the last report that brought readings, nil if there was none. It is
	// dropped when it is older than three intervals.
	Reading *signal.Report
	// Elsewhere is set where another replica reads the target.
	Elsewhere *Elsewhere
}

// Elsewhere is what is known here of a target that another replica reads.
type Elsewhere struct {
	Member string // the replica that owns it; "" if none does
	URL    string // of that replica, "" if unknown
	// Answer is what that replica last answered about it; nil if it did not, or not lately.
	Answer *api.Target
}

// Stale reports whether the reading that the target shows is older than its interval
// allows. After three intervals it expires and is dropped, see [collectors.Expired].
func (t *Target) Stale(now time.Time) bool {
	return t.Reading == nil || now.Sub(t.Reading.At) > 2*t.Interval+t.Took
}

// Recurrences returns Times for every finding, as cheap for many of them as for one.
func (s *Snapshot) Recurrences(within time.Duration, now time.Time) func(f *signal.Finding) int {
	type failure struct {
		mode    signal.Mode
		target  signal.TargetID
		subject signal.Subject
	}
	counts := make(map[failure]int, len(s.Open))
	for i := range s.Open {
		f := &s.Open[i]
		counts[failure{f.Mode, f.Target, f.Subject}]++
	}
	for i := range s.Closed {
		if f := &s.Closed[i]; now.Sub(f.ClosedAt) <= within {
			counts[failure{f.Mode, f.Target, f.Subject}]++
		}
	}
	return func(f *signal.Finding) int { return counts[failure{f.Mode, f.Target, f.Subject}] }
}

// Times returns how often the failure of a finding was open within a time, this finding
// included.
func (s *Snapshot) Times(f *signal.Finding, within time.Duration, now time.Time) (n int) {
	same := func(other *signal.Finding) bool {
		return other.Mode == f.Mode && other.Subject == f.Subject && other.Target == f.Target
	}
	for i := range s.Open {
		if same(&s.Open[i]) {
			n++
		}
	}
	for i := range s.Closed {
		if now.Sub(s.Closed[i].ClosedAt) <= within && same(&s.Closed[i]) {
			n++
		}
	}
	return n
}
