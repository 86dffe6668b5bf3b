package reconcile

import (
	"encoding/json"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/signal"
)

// Suspects are suspects with a clock that a test moves.
type Suspects struct {
	suspects suspects
	Now      time.Time
}

// NewSuspects returns an empty set of suspects.
func NewSuspects(grace time.Duration) *Suspects {
	return &Suspects{suspects: suspects{grace: grace, all: map[string]*suspect{}}, Now: time.Unix(1_700_000_000, 0)}
}

// Compare notes the result of comparing an order.
func (s *Suspects) Compare(id string, kind signal.MismatchKind, detail string) {
	s.suspects.note(database.Key{id}, mismatch{kind: kind, detail: detail}, s.Now, true)
}

// Due are the orders to compare again.
func (s *Suspects) Due() (ids []string) {
	for _, key := range s.suspects.due(s.Now) {
		ids = append(ids, key.String())
	}
	return ids
}

// Confirmed are the orders with a confirmed mismatch of a kind.
func (s *Suspects) Confirmed(kind signal.MismatchKind) (ids []string, capped bool) {
	all, _ := s.suspects.summary([]signal.MismatchKind{kind}, 10, nil, database.Key.String)
	for _, o := range all[0].Sample {
		ids = append(ids, o.ID)
	}
	return ids, all[0].Capped
}

// MayRun reports whether a pass may read in the minute of a moment.
func MayRun(schedule string, at time.Time) bool {
	r := reader{}
	r.offPeak, _ = offPeak(schedule)
	return r.mayRun(at)
}

// MaxSuspects is maxSuspects.
const MaxSuspects = maxSuspects

// ParseState returns the keys of a state of a check with so many columns in its key.
func ParseState(text []byte, columns int) (keys []database.Key, err error) {
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	keys = append(keys, s.Round.From)
	for _, c := range s.Suspects {
		keys = append(keys, c.Key)
	}
	return keys, s.validate(columns, Config{Expect: exactlyOne}, time.Now())
}
