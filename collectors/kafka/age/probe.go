package age

import "github.com/lostorder/lostorder/internal/signal"

// LaterRounds is how many probes a partition gets after the reading in which a group first
// lags: the others are for messages that came in a burst, about which the first shows little.
const LaterRounds = 3

// Begin notes that a group lags at head.
func (l *Timeline) Begin(head int64, reading uint64) {
	switch {
	case l.lag == nil:
		l.lag = &lagging{fresh: true, lowest: head}
	case l.lag.reading != reading:
		l.lag.fresh, l.lag.lowest = false, head
	}
	l.lag.reading = reading
	l.lag.lowest = min(l.lag.lowest, head)
	l.lag.wanted = signal.Unknown
}

// End forgets what a partition needed on which no group lags any more.
func (l *Timeline) End(reading uint64) {
	switch {
	case l.lag == nil:
	case l.lag.reading != reading:
		l.lag = nil
	default:
		l.lag.forget()
	}
}

// Want returns since when the message at head has waited. Unless that is good enough,
// it asks for a probe, of several heads of the one furthest behind. Only the first
// reading in which a group lags takes several rounds of probes.
func (l *Timeline) Want(head int64, round int, now signal.Instant) (waits signal.Age, good bool) {
	lag := l.lag
	if round >= LaterRounds && !lag.fresh || lag.untimed || lag.head == head && lag.tries >= triesPerHead || lag.wanted >= 0 && lag.wanted <= head {
		return signal.Age{}, false
	}
	if waits, good = l.Age(head, now); !good {
		lag.wanted = head
	}
	return waits, good
}

// Wanted reports whether a probe is asked for.
func (l *Timeline) Wanted() bool { return l.lag != nil && l.lag.wanted >= 0 }

// Probe returns the timestamp to ask the broker about.
func (l *Timeline) Probe() signal.Instant {
	if l.lag.head != l.lag.wanted {
		l.lag.head, l.lag.tries = l.lag.wanted, 0
	}
	asked := l.question(l.lag.head)
	l.lag.tries++
	return asked
}

// Done ends the request for a probe.
func (l *Timeline) Done() { l.lag.wanted = signal.Unknown }

// Untimed notes that the messages of the partition carry no timestamps.
func (l *Timeline) Untimed() { l.lag.untimed = true }

// Learn notes the broker's answer to a probe: an offset and its timestamp, or a
// negative offset where no message is as young.
func (l *Timeline) Learn(asked signal.Instant, offset int64, at signal.Instant, end int64) {
	l.lag.learn(asked, offset, at, end)
}
