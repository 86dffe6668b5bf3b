package database

import (
	"context"
	"time"
)

// Wait asks about rows that wait: how many there are, and which have waited longest.
type Wait struct {
	Selection
	Cap     int           // they are counted up to
	Longest time.Duration // they may wait; 0: as long as they like
	Sample  int           // how many are named
	Fields  []Column      // that name them
	Worth   *Worth        // what those are worth that have waited for longer; nil: not asked
}

// Waiting is what there is to say of a Wait. The error says what is missing of it.
type Waiting struct {
	Tally  Tally
	Oldest []Row
	// Valued is what those are worth that have waited for longer, or all where they may wait
	// as long as they like: of the oldest, up to the cap. ValuedErr says why it is missing.
	Valued    []Valued
	ValuedErr error
	Err       error
}

// Waiting asks about several selections at once: Tally and Oldest of each.
func (r *Reading) Waiting(ctx context.Context, waits []Wait) []Waiting {
	all := make([]Waiting, len(waits))
	tallies := make([]func() (Tally, error), len(waits))
	oldest := make([]*question, len(waits))
	var questions []*question
	for i, w := range waits {
		var count []*question
		count, tallies[i] = r.tally(w.Selection, w.Cap, w.Longest)
		oldest[i] = r.oldest(w.Selection, w.Sample, w.Fields, &all[i].Oldest).after(count[0])
		questions = append(append(questions, count...), oldest[i])
	}
	// The amounts come last: a right that is missing for them must not cost the counts.
	valued := make([]*question, len(waits))
	for i, w := range waits {
		if w.Worth != nil {
			valued[i] = r.valued(w.Selection, w.Cap, w.Longest, w.Worth, &all[i].Valued).after(oldest[i])
			questions = append(questions, valued[i])
		}
	}
	r.together(ctx, questions...)
	for i, tally := range tallies {
		var missing error
		all[i].Tally, missing = tally()
		all[i].Err = Join(missing, oldest[i].err)
		if valued[i] != nil {
			all[i].ValuedErr = valued[i].err
		}
	}
	return all
}
