// Package signaltest has readings for tests of packages that know no source.
package signaltest

import "github.com/lostorder/lostorder/internal/signal"

// Semantics returns how a messaging system behaves, as its source declares it: a test of
// each source compares the two.
func Semantics(system signal.System) *signal.Semantics {
	switch system {
	case signal.Kafka:
		return &signal.Semantics{Log: true, RemovesSegments: true, NamesDeadLetters: true}
	case signal.RabbitMQ:
		return &signal.Semantics{DeadLettersRemoved: true, CountersBalance: true, NoDeadLettering: "no dead letter exchange, by argument or policy"}
	case signal.SQS:
		return &signal.Semantics{CountsReceipts: true, RetriesUntilRetention: true, RetentionShowsInDepth: true, NoDeadLettering: "no redrive policy"}
	default:
		return nil
	}
}

// Behave sets the semantics of all queues and dead letter queues of a report that have
// none.
func Behave(r *signal.Report) {
	for i := range r.Queues {
		if q := &r.Queues[i]; q.Semantics == nil {
			q.Semantics = Semantics(q.System)
		}
	}
	for i := range r.DeadLetters {
		if d := &r.DeadLetters[i]; d.Semantics == nil {
			d.Semantics = Semantics(d.System)
		}
	}
}
