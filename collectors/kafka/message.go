package kafka

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/collectors/kafka/records"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

// message is what is kept of a message that was read: never its value.
type message struct {
	offset int64
	key    []byte
	at     signal.Instant
	trace  string
	span   string
}

// messageOf keeps what is needed of a record.
func messageOf(r records.Record) message {
	m := message{offset: r.Offset, key: r.Key}
	if r.Timestamp > 0 {
		m.at = signal.Instant(r.Timestamp)
	}
	m.trace, m.span = span.Parent(r.Traceparent)
	return m
}

// longestID bounds the length of an order id.
const longestID = 256

// orderID returns the order id in a key, or false when it is not one that can be shown.
func orderID(key []byte) (string, bool) {
	if len(key) == 0 || len(key) > longestID || !utf8.Valid(key) {
		return "", false
	}
	id := string(key)
	return id, strings.IndexFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
