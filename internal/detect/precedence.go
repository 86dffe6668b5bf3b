package detect

import (
	"maps"
	"slices"

	"github.com/lostorder/lostorder/internal/signal"
)

// symptomsOf says which modes are symptoms of another: of one subject the cause is
// reported and its symptoms are not. This is the one place for it; no decision reads the
// result of another.
var symptomsOf = []struct {
	cause    signal.Mode
	symptoms []signal.Mode
}{
	{signal.TransactionHanging, []signal.Mode{signal.ConsumerStalled, signal.RetryLoop, signal.BacklogGrowing, signal.MessageExpiring, signal.MessageOverdue}},
	{signal.RetryLoop, []signal.Mode{signal.ConsumerAbsent, signal.ConsumerStalled, signal.BacklogGrowing, signal.MessageExpiring, signal.MessageOverdue}},
	{signal.ConsumerAbsent, []signal.Mode{signal.BacklogGrowing, signal.MessageExpiring, signal.MessageOverdue}},
	{signal.ConsumerStalled, []signal.Mode{signal.BacklogGrowing, signal.MessageExpiring, signal.MessageOverdue}},
	{signal.MessageLost, []signal.Mode{signal.MessageExpiring}},
	{signal.MessageExpiring, []signal.Mode{signal.BacklogGrowing, signal.MessageOverdue}},
	{signal.BacklogGrowing, []signal.Mode{signal.MessageOverdue}},
}

// carried is the fact of a symptom that its cause reports instead: how much time is left
// until messages are removed.
const carried = "removed_in"

// muted is a mode of a subject that is not reported for now.
type muted struct {
	Symptom signal.Mode
	Subject signal.Subject
}

// dropSymptoms drops the cases that another one explains: while that one holds, and
// as long again as a message may wait. Rates that were measured while it held show
// nothing about the time after it. A cause that is open and not decided still holds.
func (m *targetMemory) dropSymptoms(cases map[signal.Mode][]Case, undecided map[signal.Mode][]signal.Subject, at signal.Instant) {
	maps.DeleteFunc(m.muted, func(_ muted, until signal.Instant) bool { return until < at })
	for _, e := range symptomsOf {
		for _, subject := range undecided[e.cause] {
			for _, symptom := range e.symptoms {
				m.muted[muted{symptom, subject}] = at.Add(m.objective(subject).MaxAge)
			}
		}
		for i := range cases[e.cause] {
			cause := &cases[e.cause][i]
			for _, symptom := range e.symptoms {
				m.muted[muted{symptom, cause.Subject}] = at.Add(m.objective(cause.Subject).MaxAge)
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
			_, mute := m.muted[muted{mode, c.Subject}]
			return mute
		})
	}
}

// objective returns the objective of the queue that a finding is about.
func (m *targetMemory) objective(s signal.Subject) signal.Objective {
	if q := m.queues[queueOf(s)]; q != nil {
		return q.Objective
	}
	return signal.Objective{}
}
