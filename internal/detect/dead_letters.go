package detect

import "github.com/lostorder/lostorder/internal/signal"

// deadLetterMemory is what is remembered of one dead letter queue. Its exported fields
// are saved across restarts.
type deadLetterMemory struct {
	Destination string
	At          signal.Instant // of the last reading
	// FilledSince is since when it was seen not to be empty. Modes read it and do not
	// change it.
	FilledSince signal.Instant

	Filling filling // dlq_filling
}

// deadLetter returns the memory of a dead letter queue.
func (m *targetMemory) deadLetter(destination string) *deadLetterMemory {
	d, known := m.deadLetters[destination]
	if !known {
		d = &deadLetterMemory{Destination: destination, Filling: filling{Arrived: signal.Unknown}}
		m.deadLetters[destination] = d
	}
	return d
}

func (t *deadLetterMemory) observe(d *signal.DeadLetterQueue, at signal.Instant) {
	t.At = at
	if d.Messages == 0 {
		t.FilledSince = 0
	} else if d.Messages > 0 && !t.FilledSince.Known() {
		t.FilledSince = at
	}
}
