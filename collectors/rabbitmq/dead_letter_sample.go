package rabbitmq

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
)

const (
	// sampleSize is how many messages of a dead letter queue are read: those that would be
	// delivered next.
	sampleSize = 20
	// sampleInterval is how soon a dead letter queue that changes is sampled again.
	sampleInterval = time.Minute
)

// deadLetterSample is what the first messages of a dead letter queue showed.
type deadLetterSample struct {
	at       time.Time
	messages signal.Count // in the queue at that time
	reasons  []string
	orders   []signal.OrderRef
	reasonOf map[string]string // why the message of an order came
}

// sampleDeadLetters samples the dead letter queues that changed, if the config allows it.
// It is the only thing lostorder does that leaves a trace in the broker.
func (r *reader) sampleDeadLetters(ctx context.Context, m *missing) {
	if !r.config.Peek || r.managementError != nil {
		return
	}
	for _, q := range r.sorted {
		there := q.counts.waiting()
		switch {
		case r.deadLetterings[q.key] == nil:
		case there <= 0:
			q.sample = deadLetterSample{}
		case q.sample.messages != there && time.Since(q.sample.at) >= sampleInterval && q.canSample() && ctx.Err() == nil:
			if err := r.sampleQueue(ctx, q); err != nil {
				m.add("sample dead letters of "+q.destination(), err)
				if errors.Is(err, statusError(http.StatusForbidden)) {
					r.unreadable[q.vhost] = true
				}
			}
			q.sample.at, q.sample.messages = time.Now(), there
		}
	}
}

// canSample reports whether sampling is harmless: the queue has no consumer that would miss
// the messages meanwhile, and getting a message does not count towards a delivery limit
// after which the broker removes it.
func (q *queue) canSample() bool {
	s := q.setup.signal
	return q.counts.consumers == 0 && s != nil && (s.Type == "classic" || s.Type == "quorum" && (s.ReturnsUncounted || !s.MaxDeliveries.Known()))
}

// sampledMessage is a message in an answer of the management API.
type sampledMessage struct {
	Properties properties `json:"properties"`
}

type properties struct {
	MessageID     string         `json:"message_id"`
	CorrelationID string         `json:"correlation_id"`
	Headers       map[string]any `json:"headers"`
}

// UnmarshalJSON accepts an empty list: the broker writes one for an empty object.
func (p *properties) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	type plain properties
	return json.Unmarshal(text, (*plain)(p))
}

// sampleQueue gets the first messages of a queue and has the broker requeue them.
func (r *reader) sampleQueue(ctx context.Context, q *queue) error {
	var messages []sampledMessage
	path := "/api/queues/" + url.PathEscape(q.vhost) + "/" + url.PathEscape(q.name) + "/get"
	err := r.tryNodes(ctx, func(node string) error {
		return r.client.getMessages(ctx, node+path, sampleSize, &messages)
	})
	if err != nil {
		return err
	}
	reasons := map[string]int{}
	q.sample = deadLetterSample{reasonOf: map[string]string{}}
	for i := range messages {
		death, reason := messages[i].death(), ""
		if death.reason != "" {
			reason = death.reason + " from " + key{q.vhost, death.queue}.destination()
			reasons[reason]++
		}
		if id := messages[i].order(r.config.OrderID); id != "" {
			q.sample.orders = append(q.sample.orders, signal.OrderRef{ID: id, Since: death.at, TraceID: messages[i].trace()})
			q.sample.reasonOf[id] = reason
		}
	}
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b))
	}) {
		q.sample.reasons = append(q.sample.reasons, fmt.Sprintf("%d %s", reasons[reason], reason))
	}
	slices.SortStableFunc(q.sample.orders, func(a, b signal.OrderRef) int { return cmp.Compare(b.Since, a.Since) })
	return nil
}

// death is why, when and in which queue a message was dead-lettered last.
type death struct {
	reason, queue string
	at            signal.Instant
}

func (p *sampledMessage) death() (d death) {
	deaths, _ := p.Properties.Headers["x-death"].([]any)
	if len(deaths) == 0 {
		return d
	}
	last, _ := deaths[0].(map[string]any)
	d.reason, _ = last["reason"].(string)
	d.queue, _ = last["queue"].(string)
	if seconds, ok := last["time"].(float64); ok {
		d.at = stampOf(seconds, time.Now())
	}
	return d
}

// order returns the order id from the place that the config names.
func (p *sampledMessage) order(from string) string {
	switch header, isHeader := strings.CutPrefix(from, orderIDHeader); {
	case isHeader:
		switch id := p.Properties.Headers[header].(type) {
		case string:
			return printableID(id)
		case float64: // an id that is written as a number
			return fmt.Sprintf("%.0f", id)
		}
	case from == orderIDMessage:
		return printableID(p.Properties.MessageID)
	case from == orderIDCorrelation:
		return printableID(p.Properties.CorrelationID)
	}
	return ""
}

// trace returns the trace id of a message, from its traceparent header.
func (p *sampledMessage) trace() string {
	text, _ := p.Properties.Headers["traceparent"].(string)
	id, _ := span.Parent(text)
	return id
}

// longestID is the longest order id that is shown.
const longestID = 256

// printableID returns an id that is safe to show, or an empty string.
func printableID(id string) string {
	if len(id) > longestID || !utf8.ValidString(id) || strings.IndexFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return ""
	}
	return id
}

// getMessages gets messages and has the broker requeue them.
func (c *client) getMessages(ctx context.Context, address string, count int, into any) error {
	// One byte of each body is the least; lostorder needs the properties only.
	order, err := json.Marshal(map[string]any{"count": count, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": 1})
	if err != nil {
		return err
	}
	body, err := c.do(ctx, "POST", address, bytes.NewReader(order), true)
	if err != nil {
		return err
	}
	defer body.close()
	body.piece = largestPiece
	return notJSON(json.NewDecoder(body).Decode(into))
}
