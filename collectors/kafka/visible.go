package kafka

import (
	"encoding/binary"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/internal/signal"
)

// message is what is kept of a message that was looked at: never its value.
type message struct {
	offset int64
	key    []byte
	at     signal.Instant
	trace  string
	span   string
}

// visible returns the messages at or after from that a reader of committed
// messages sees, and the offset to read on from. Markers of transactions and what
// was written by those that were aborted are not visible.
func visible(block *sarama.FetchResponseBlock, from int64) (messages []message, next int64) {
	next = from
	aborted := map[int64]bool{}
	waiting := block.AbortedTransactions
	for _, records := range block.RecordsSet {
		if records.MsgSet != nil {
			messages, next = oldMessages(messages, records.MsgSet, from, next)
			continue
		}
		batch := records.RecordBatch
		if batch == nil || batch.PartialTrailingRecord {
			break
		}
		rest := waiting[:0:0]
		for _, a := range waiting {
			if a.FirstOffset <= batch.LastOffset() {
				aborted[a.ProducerID] = true
			} else {
				rest = append(rest, a)
			}
		}
		waiting = rest
		next = max(next, batch.LastOffset()+1)
		switch {
		case batch.Control:
			if isAbortMarker(batch) {
				delete(aborted, batch.ProducerID)
			}
			continue
		case batch.IsTransactional && aborted[batch.ProducerID]:
			continue
		}
		for _, record := range batch.Records {
			offset := batch.FirstOffset + record.OffsetDelta
			if offset < from {
				continue
			}
			at := batch.FirstTimestamp.Add(record.TimestampDelta)
			if batch.LogAppendTime {
				at = batch.MaxTimestamp
			}
			trace, span := traceOf(record.Headers)
			messages = append(messages, message{offset: offset, key: record.Key, at: instant(at), trace: trace, span: span})
		}
	}
	return messages, next
}

// oldMessages takes messages of the formats before Kafka 0.11, all of which are
// visible.
func oldMessages(messages []message, set *sarama.MessageSet, from, next int64) ([]message, int64) {
	for _, block := range set.Messages {
		if block.Msg == nil {
			continue
		}
		if block.Offset >= from {
			// Those that were compressed together have the offset of their last.
			for _, inner := range block.Messages() {
				messages = append(messages, message{offset: block.Offset, key: inner.Msg.Key, at: instant(inner.Msg.Timestamp)})
			}
		}
		next = max(next, block.Offset+1)
	}
	return messages, next
}

// isAbortMarker reports whether a control batch ends a transaction that was
// aborted. Its key is a version and a type, in two bytes each.
func isAbortMarker(batch *sarama.RecordBatch) bool {
	for _, record := range batch.Records {
		if len(record.Key) >= 4 && binary.BigEndian.Uint16(record.Key[2:4]) == 0 {
			return true
		}
	}
	return false
}

// instant returns a message's timestamp; unknown when it has none.
func instant(at time.Time) signal.Instant {
	if at.IsZero() || at.UnixMilli() <= 0 {
		return 0
	}
	return signal.InstantOf(at)
}

// traceOf returns the trace that a message belongs to and the span that sent it,
// from its W3C traceparent header: version, 32 hex digits of the trace, 16 of the
// span, flags.
func traceOf(headers []*sarama.RecordHeader) (trace, span string) {
	for _, h := range headers {
		if !strings.EqualFold(string(h.Key), "traceparent") {
			continue
		}
		parts := strings.Split(string(h.Value), "-")
		if len(parts) >= 4 && isTraceID(parts[1], 32) && isTraceID(parts[2], 16) {
			return parts[1], parts[2]
		}
	}
	return "", ""
}

func isTraceID(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == "" && strings.Trim(text, "0") != ""
}

// longestID is longer than the id of any order; what is longer is no id.
const longestID = 256

// orderID returns the order id that a key is, or false when it can be none: it is
// shown to people.
func orderID(key []byte) (string, bool) {
	if len(key) == 0 || len(key) > longestID || !utf8.Valid(key) {
		return "", false
	}
	id := string(key)
	return id, strings.IndexFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
