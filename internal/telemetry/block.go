package telemetry

import (
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/signal"
)

// blockSize is how many series are in memory at once while they are encoded.
const blockSize = 256

// block collects the series of one metric and passes them on in pieces. It reuses the
// memory of a piece for the next, so that a hundred thousand series need no more memory
// than a few hundred.
type block struct {
	// flush is given each full piece; it must not keep it.
	flush func(m *Metric, piece []*dto.Metric) error

	metric *Metric
	series []*dto.Metric // all that were ever needed, reused
	rooms  []*room       // for the value of each
	n      int           // of them in use
	err    error
}

// room holds the value of a series of any type.
type room struct {
	value   float64
	gauge   dto.Gauge
	counter dto.Counter
	untyped dto.Untyped
}

func newRoom() *room {
	r := &room{}
	r.gauge.Value, r.counter.Value, r.untyped.Value = &r.value, &r.value, &r.value
	return r
}

// encode makes all series of one metric.
func (b *block) encode(m *Metric, v *view) error {
	b.metric, b.n, b.err = m, 0, nil
	m.each(v, b)
	b.hand()
	return b.err
}

func (b *block) hand() {
	if b.n > 0 && b.err == nil {
		b.err = b.flush(b.metric, b.series[:b.n])
	}
	b.n = 0
}

// add adds one series: the labels of its subject and those of its own.
func (b *block) add(value float64, subject []*dto.LabelPair, own ...*dto.LabelPair) {
	m := b.next()
	m.Label = append(append(m.Label[:0], subject...), own...)
	b.rooms[b.n-1].value = value
}

// exemplar puts an exemplar on the series that was added last. Only a counter has
// one.
func (b *block) exemplar(e *dto.Exemplar) {
	if c := b.series[b.n-1].Counter; c != nil {
		c.Exemplar = e
	}
}

// next returns the memory for the next series, prepared for the metric's type.
func (b *block) next() *dto.Metric {
	if b.n == blockSize {
		b.hand()
	}
	if b.n == len(b.series) {
		b.series = append(b.series, &dto.Metric{})
		b.rooms = append(b.rooms, newRoom())
	}
	m, room := b.series[b.n], b.rooms[b.n]
	b.n++
	m.Counter, m.Gauge, m.Untyped = nil, nil, nil
	switch b.metric.Type {
	case Counter:
		m.Counter = &room.counter
		m.Counter.Exemplar = nil
	case unknown:
		m.Untyped = &room.untyped
	default:
		m.Gauge = &room.gauge
	}
	return m
}

// count adds a count, and nothing when it is unknown: unknown is not zero.
func (b *block) count(c signal.Count, subject []*dto.LabelPair, own ...*dto.LabelPair) {
	if c.Known() {
		b.add(float64(c), subject, own...)
	}
}

// age adds an age as it was at a moment, and nothing when it is unknown.
func (b *block) age(a signal.Age, at signal.Instant, subject []*dto.LabelPair) {
	if a.Known() {
		b.add(a.At(at).Seconds(), subject)
	}
}

// lowerBound adds a one where an age is only a lower bound.
func (b *block) lowerBound(a signal.Age, subject []*dto.LabelPair) {
	if a.Bound == signal.AtLeast {
		b.add(1, subject)
	}
}

// objective adds the duration of an objective. Zero means none.
func (b *block) objective(d time.Duration, subject []*dto.LabelPair) {
	if d > 0 {
		b.add(d.Seconds(), subject)
	}
}
