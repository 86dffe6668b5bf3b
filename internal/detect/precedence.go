package detect

import (
	"maps"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// explains says which modes are only how another one shows: of one subject the
// cause is told and what follows from it is not. This is the one place for it; no
// decision looks at another.
var explains = []struct {
	cause    signal.Mode
	symptoms []signal.Mode
}{
	{signal.RetryLoop, []signal.Mode{signal.ConsumerAbsent, signal.ConsumerStalled, signal.BacklogGrowing, signal.MessageExpiring}},
	{signal.ConsumerAbsent, []signal.Mode{signal.BacklogGrowing, signal.MessageExpiring}},
	{signal.ConsumerStalled, []signal.Mode{signal.BacklogGrowing, signal.MessageExpiring}},
	{signal.MessageLost, []signal.Mode{signal.MessageExpiring}},
	{signal.MessageExpiring, []signal.Mode{signal.BacklogGrowing}},
}

// carried is the fact of a symptom that its cause tells instead: how long there is
// until it costs messages.
const carried = "removed_in"

// muted is a mode of a subject that is not told for now.
type muted struct {
	symptom signal.Mode
	subject signal.Subject
}

// sayOnlyCauses drops the cases that another one explains: while that one holds, and
// as long again as a message may wait. Rates that were measured while it held say
// nothing of what comes after.
func (h *history) sayOnlyCauses(cases map[signal.Mode][]Case, at signal.Instant) {
	maps.DeleteFunc(h.muted, func(_ muted, until signal.Instant) bool { return until < at })
	for _, e := range explains {
		for i := range cases[e.cause] {
			cause := &cases[e.cause][i]
			for _, symptom := range e.symptoms {
				h.muted[muted{symptom, cause.Subject}] = at.Add(h.objective(cause.Subject).MaxAge)
				for _, c := range cases[symptom] {
					if fact, ok := c.Evidence.Find(carried); ok && c.Subject == cause.Subject {
						cause.Evidence = append(cause.Evidence, fact)
					}
				}
			}
		}
	}
	for mode := range cases {
		cases[mode] = slices.DeleteFunc(cases[mode], func(c Case) bool {
			_, mute := h.muted[muted{mode, c.Subject}]
			return mute
		})
	}
}

// objective returns that of the queue that a finding is about.
func (h *history) objective(s signal.Subject) signal.Objective {
	if t := h.queues[signal.QueueID{System: s.System, Cluster: s.Cluster, Destination: s.Destination, Group: s.Group}]; t != nil {
		return t.objective
	}
	return signal.Objective{}
}
