package telemetry

import (
	"iter"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// A unit is the last reading of one target, or of a few that may have the same subjects. Its
// series depend on nothing else, so their bytes are kept as long as no target of it reports.
type unit struct {
	readings []*signal.Report
	pieces   []piece // by the metrics that are made of units

	duplicates int
	duplicate  string // one of them, for the log
}

// unitsOf returns the readings of each unit, in the order of the targets.
func unitsOf(targets []watch.Target) (units [][]*signal.Report) {
	last := map[scope]int{} // the unit in which each scope is
	for i := range targets {
		r := targets[i].Reading
		if r == nil {
			continue
		}
		first := len(units)
		for s := range scopesOf(r) {
			if j, seen := last[s]; seen {
				first = min(first, j)
			}
		}
		// All from the first on become one, so that the series keep their order.
		units = append(units[:first], append(slices.Concat(units[first:]...), r))
		for s, j := range last {
			last[s] = min(j, first)
		}
		for s := range scopesOf(r) {
			last[s] = first
		}
	}
	return units
}

// scope is a part of the names of subjects. Subjects of two scopes never have the same name.
type scope struct{ kind, of, name string }

// scopesOf returns the scopes of the subjects in a report; some of them more than once.
func scopesOf(r *signal.Report) iter.Seq[scope] {
	return func(yield func(scope) bool) {
		var system signal.System
		var cluster string
		first := true
		broker := func(s signal.System, c string) bool {
			if !first && s == system && c == cluster { // as most do
				return true
			}
			first, system, cluster = false, s, c
			return yield(scope{"broker", valid(string(s)), valid(c)})
		}
		for i := range r.Queues {
			if q := &r.Queues[i]; !broker(q.System, q.Cluster) {
				return
			}
		}
		for i := range r.DeadLetters {
			if q := &r.DeadLetters[i]; !broker(q.System, q.Cluster) {
				return
			}
		}
		for i := range r.Alarms {
			if a := &r.Alarms[i]; !broker(a.System, a.Cluster) {
				return
			}
		}
		for i := range r.Losses {
			if l := &r.Losses[i]; !broker(l.System, l.Cluster) {
				return
			}
		}
		for i := range r.Outboxes {
			if o := &r.Outboxes[i]; !yield(scope{"outbox", valid(o.Database), valid(o.Name)}) {
				return
			}
		}
		for i := range r.Lifecycles {
			if l := &r.Lifecycles[i]; !yield(scope{"lifecycle", valid(l.Database), valid(l.Name)}) {
				return
			}
		}
		for i := range r.Reconciliations {
			if !yield(scope{"check", "", valid(r.Reconciliations[i].Name)}) {
				return
			}
		}
	}
}
