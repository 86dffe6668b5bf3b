package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// The labels that lifecycles alone have.
const (
	labelNextState = "next_state"
	labelOutcome   = "outcome"
	labelCertainty = "certainty"
)

var lifecycleLabels = []string{labelDatabase, labelLifecycle}

// lifecycleID is what tells lifecycles apart: database and name.
type lifecycleID [2]string

// perLifecycle makes the series of a metric of lifecycles.
func perLifecycle(each func(v *view, l *lifecycle, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.lifecycles.all {
			each(v, &v.lifecycles.all[i], out)
		}
	}
}

func lifecycleInfo(v *view, l *lifecycle, out *block) {
	out.add(1, l.labels, v.configured(l.configured)...)
}

func orderMoves(v *view, l *lifecycle, out *block) {
	if l.History == nil {
		return
	}
	for _, m := range l.History.Transitions {
		out.add(float64(m.Orders), l.labels, v.labels.pair(labelOrderState, valid(m.From)), v.labels.pair(labelNextState, valid(m.To)))
	}
}

func completed(v *view, l *lifecycle, out *block) {
	if l.History == nil {
		return
	}
	c := l.History.Outcomes
	for _, one := range []struct {
		outcome string
		orders  int64
	}{{"in_time", c.InTime}, {"late", c.Late}, {"abandoned", c.Abandoned}} {
		out.add(float64(one.orders), l.labels, v.labels.pair(labelOutcome, one.outcome))
	}
}

// conflicts adds every kind at zero, so that a rule can tell "none" from "not
// looked for".
func conflicts(v *view, l *lifecycle, out *block) {
	if l.History == nil {
		return
	}
	type series struct {
		kind      signal.ConflictKind
		confirmed bool
	}
	counts := map[series]int{}
	for _, c := range l.History.Conflicts {
		counts[series{c.Kind, c.Confirmed}]++
	}
	kinds := []signal.ConflictKind{signal.IllegalTransition, signal.ExcludedStates, signal.TwoTerminalStates}
	if l.Saga {
		kinds = append(kinds, signal.NotCompensated)
	}
	for _, kind := range kinds {
		out.add(float64(counts[series{kind, true}]), l.labels, v.labels.pair(labelKind, string(kind)), v.labels.pair(labelCertainty, "confirmed"))
		out.add(float64(counts[series{kind, false}]), l.labels, v.labels.pair(labelKind, string(kind)), v.labels.pair(labelCertainty, "suspected"))
	}
}

// stateModes says of each state that has a max, or in which nothing may be, which mode
// reports an order that is overdue in it.
func stateModes(v *view, l *lifecycle, out *block) {
	for i := range l.States {
		s := &l.States[i]
		if s.Terminal || s.Max <= 0 && !s.Failed {
			continue
		}
		out.add(1, l.labels, v.labels.pair(labelOrderState, valid(s.Name)), v.labels.pair(labelMode, string(detect.ModeOfOverdue(l.Lifecycle, s))))
	}
}

// undeclared counts the orders in states that the lifecycle does not declare.
func undeclared(v *view, l *lifecycle, out *block) {
	for i := range l.Undeclared {
		s := &l.Undeclared[i]
		out.count(s.Orders, l.labels, v.labels.pair(labelOrderState, valid(s.Name)))
	}
}

func duplicated(_ *view, l *lifecycle, out *block) {
	if l.Duplicates == nil {
		return
	}
	n := 0
	for _, group := range l.Duplicates.Groups {
		n += len(group.Orders) - 1
	}
	out.add(float64(n), l.labels)
}

// dwells adds the dwell histogram of each state as cumulative buckets. The label is not
// le, because le is for values that only grow.
func dwells(v *view, out *block) {
	for i := range v.states.all {
		s := &v.states.all[i]
		if s.Dwells == nil {
			continue
		}
		for _, within := range s.Dwells.Buckets {
			bound := strconv.FormatFloat(within.UpTo.Seconds(), 'f', -1, 64)
			out.add(float64(within.Orders), s.labels, v.labels.pair(labelWithin, bound))
		}
		out.add(float64(s.Dwells.Orders), s.labels, v.labels.pair(labelWithin, "+Inf"))
	}
}

// Read observes what happened since the previous reading: the dwells of orders that left
// a state, each with its trace, and completed passes. It is called once for each report.
func (e *Exporter) Read(r *signal.Report) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readPasses(r)
	for i := range r.Lifecycles {
		l := &r.Lifecycles[i]
		if l.History == nil {
			continue
		}
		id := lifecycleID{valid(l.Database), valid(l.Name)}
		if e.dwelling[r.TargetID] == nil {
			e.dwelling[r.TargetID] = map[lifecycleID]bool{}
		}
		e.dwelling[r.TargetID][id] = true
		for j := range l.States { // at zero, so that a rate sees the first order
			if s := &l.States[j]; !s.Terminal {
				e.own.dwell.WithLabelValues(id[0], id[1], valid(s.Name))
				if s.Max > 0 {
					e.own.dwellRatio.WithLabelValues(id[0], id[1], valid(s.Name))
				}
			}
		}
		for _, left := range l.History.EndedDwells {
			if limit := maxOf(l, left.State); limit > 0 {
				e.own.dwellRatio.WithLabelValues(id[0], id[1], valid(left.State)).Observe(left.For.Seconds() / limit.Seconds())
			}
			observer := e.own.dwell.WithLabelValues(id[0], id[1], valid(left.State))
			if with, ok := observer.(prometheus.ExemplarObserver); ok && left.TraceID != "" {
				with.ObserveWithExemplar(left.For.Seconds(), prometheus.Labels{exemplarTrace: left.TraceID})
				continue
			}
			observer.Observe(left.For.Seconds())
		}
	}
}

// Forget drops the histograms of a target that is no longer watched.
func (e *Exporter) Forget(id signal.TargetID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for gone := range e.dwelling[id] {
		for _, histogram := range []*prometheus.HistogramVec{e.own.dwell, e.own.dwellRatio} {
			histogram.DeletePartialMatch(prometheus.Labels{labelDatabase: gone[0], labelLifecycle: gone[1]})
		}
	}
	delete(e.dwelling, id)
	for check := range e.passes[id] {
		e.own.lastPass.DeleteLabelValues(check)
	}
	delete(e.passes, id)
}

// maxOf returns how long an order may be in a state; zero where it has no max.
func maxOf(l *signal.Lifecycle, state string) time.Duration {
	for i := range l.States {
		if l.States[i].Name == state {
			return l.States[i].Max
		}
	}
	return 0
}

// readPasses notes when a check finished a pass over all rows.
func (e *Exporter) readPasses(r *signal.Report) {
	for i := range r.Reconciliations {
		c := &r.Reconciliations[i]
		name, done := valid(c.Name), int64(c.Pass.Completed)
		if e.passes[r.TargetID] == nil {
			e.passes[r.TargetID] = map[string]int64{}
		}
		if done > e.passes[r.TargetID][name] {
			e.own.lastPass.WithLabelValues(name).Set(float64(r.At.UnixMilli()) / 1000)
		}
		e.passes[r.TargetID][name] = done
	}
}
