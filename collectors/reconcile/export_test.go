package reconcile

import (
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Suspects are suspects, with a clock that a test moves.
type Suspects struct {
	suspects suspects
	Now      time.Time
}

// NewSuspects returns suspects that have seen nothing.
func NewSuspects(grace time.Duration) *Suspects {
	return &Suspects{suspects: suspects{grace: grace, all: map[string]*suspect{}}, Now: time.Unix(1_700_000_000, 0)}
}

// Look notes what a look at an order gave.
func (s *Suspects) Look(id string, kind signal.MismatchKind, detail string) {
	s.suspects.note(database.Key{id}, mismatch{kind: kind, detail: detail}, s.Now, true)
}

// Due are the orders to look at again.
func (s *Suspects) Due() (ids []string) {
	for _, key := range s.suspects.due(s.Now) {
		ids = append(ids, key.String())
	}
	return ids
}

// Told are the orders that are told, by kind.
func (s *Suspects) Told(kind signal.MismatchKind) (ids []string, capped bool) {
	all, _ := s.suspects.summary([]signal.MismatchKind{kind}, 10, database.Key.String)
	for _, o := range all[0].Sample {
		ids = append(ids, o.ID)
	}
	return ids, all[0].Capped
}

// Works reports whether the round goes on in the minute of a moment.
func Works(schedule string, at time.Time) bool {
	r := reader{}
	r.offPeak, _ = offPeak(schedule)
	return r.works(at)
}

// MostCases is mostCases.
const MostCases = mostCases
