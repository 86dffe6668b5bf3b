package detect

import (
	"cmp"

	"github.com/lostorder/lostorder/internal/signal"
)

// labels are those that the config gives the findings about a subject: those of the
// target, and those of the objective of the queue, which win.
func (v *view) labels(s signal.Subject) signal.Labels {
	labels := v.report.Labels
	if d := v.deadLetterQueue(s); d != nil {
		return labels.With(v.sharedObjective(d).Labels).With(d.Objective.Labels)
	}
	return labels.With(v.memory.objectiveOf(queueOf(s)).Labels)
}

// severity is that of a finding: the one of the config for its subject, or else as decided.
// What is only for the record stays so.
func (v *view) severity(c *Case) signal.Severity {
	if c.Severity == signal.Info {
		return c.Severity
	}
	return cmp.Or(v.configuredSeverity(c.Subject), c.Severity)
}

// configuredSeverity is the severity that the config gives a subject; empty for none.
func (v *view) configuredSeverity(s signal.Subject) signal.Severity {
	switch {
	case s.Check != "":
		for i := range v.report.Reconciliations {
			if r := &v.report.Reconciliations[i]; r.Name == s.Check {
				return r.Severity
			}
		}
		return ""
	case s.State != "":
		return v.stateSeverity(s)
	}
	if d := v.deadLetterQueue(s); d != nil {
		return cmp.Or(d.Objective.Severity, v.sharedObjective(d).Severity)
	}
	return v.memory.objectiveOf(queueOf(s)).Severity
}

func (v *view) stateSeverity(s signal.Subject) signal.Severity {
	for i := range v.report.Lifecycles {
		l := &v.report.Lifecycles[i]
		if l.Name != s.Lifecycle {
			continue
		}
		for j := range l.States {
			if l.States[j].Name == s.State {
				return l.States[j].Severity
			}
		}
	}
	return ""
}

// objectiveOf is the objective of a queue, also of one that is gone.
func (m *targetMemory) objectiveOf(id signal.QueueID) signal.Objective {
	if q := m.queues[id]; q != nil {
		return q.Objective
	}
	if q := m.vanished[id]; q != nil {
		return q.Objective
	}
	return m.objectiveOfDeleted(id)
}

// sharedObjective is what the objectives of all sources of a dead letter queue agree on: the
// owner of a queue owns its dead letters.
func (v *view) sharedObjective(d *signal.DeadLetterQueue) signal.Objective {
	if shared, known := v.shared[d.Destination]; known {
		return shared
	}
	sources := make(map[string]bool, len(d.Sources))
	for _, name := range d.Sources {
		sources[name] = true
	}
	var shared signal.Objective
	first := true
	for i := range v.report.Queues {
		q := &v.report.Queues[i]
		switch {
		case !sources[q.Destination]:
		case first:
			shared, first = q.Objective, false
		default:
			shared.Labels = shared.Labels.Shared(q.Objective.Labels)
			if shared.Severity != q.Objective.Severity {
				shared.Severity = ""
			}
		}
	}
	if v.shared == nil {
		v.shared = map[string]signal.Objective{}
	}
	v.shared[d.Destination] = shared
	return shared
}
