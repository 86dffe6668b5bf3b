package kafka

import (
	"github.com/lostorder/lostorder/collectors/kafka/records"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// message is what is kept of a message that was read: never its value.
type message struct {
	offset int64
	order  string // empty: unknown
	reason string // of a dead letter: the error that brought it here; empty: unknown
	at     signal.Instant
	trace  string
	span   string
}

// messageOf keeps what is needed of a record.
func (f *fetch) messageOf(r *records.Record) message {
	m := message{offset: r.Offset, order: f.place.of(r)}
	if f.reasons {
		m.reason = reasonOf(r.Headers[len(r.Headers)-len(reasonHeaders):])
	}
	if r.Timestamp > 0 {
		m.at = signal.Instant(r.Timestamp)
	}
	m.trace, m.span = span.Parent(r.Traceparent)
	return m
}

// refs names the orders of messages that carry an id.
func refs(messages []message) []signal.OrderRef {
	var list []signal.OrderRef
	for _, m := range messages {
		if m.order != "" {
			list = append(list, signal.OrderRef{ID: m.order, Since: m.at, TraceID: m.trace, SpanID: m.span})
		}
	}
	return list
}
