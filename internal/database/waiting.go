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
}

// Waiting is what there is to say of a Wait. The error says what is missing of it.
type Waiting struct {
	Tally  Tally
	Oldest []Row
	Err    error
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
	r.together(ctx, questions...)
	for i, tally := range tallies {
		var missing error
		all[i].Tally, missing = tally()
		all[i].Err = Join(missing, oldest[i].err)
	}
	return all
}
