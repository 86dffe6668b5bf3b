package rabbitmq

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
	// peekAt is how many messages of a dead letter queue are looked at: those that
	// would be delivered next.
	peekAt = 20
	// peekAgain is how soon a dead letter queue that changes is looked at again.
	peekAgain = time.Minute
)

// peek is what was seen at the head of a dead letter queue.
type peek struct {
	at       time.Time
	messages signal.Count // that were in the queue then
	reasons  []string
	orders   []signal.OrderRef
}

// peekAtDeadLetters looks at dead letter queues in which something changed, where the
// config allows it: it is the one thing that lostorder does which a broker remembers.
func (r *reader) peekAtDeadLetters(ctx context.Context, m *missing) {
	if !r.config.Peek || r.unmanaged != nil {
		return
	}
	for _, q := range r.sorted {
		there := q.counts.waiting()
		switch {
		case r.deadLetterings[q.key] == nil:
		case there <= 0:
			q.peek = peek{}
		case q.peek.messages != there && time.Since(q.peek.at) >= peekAgain && q.mayPeek() && ctx.Err() == nil:
			if err := r.peekAt(ctx, q); err != nil {
				m.add("peek at "+q.destination(), err)
			}
			q.peek.at, q.peek.messages = time.Now(), there
		}
	}
}

// mayPeek reports whether a look does no harm: nobody reads the queue whose messages
// it would take away for a moment, and it does not count towards a delivery limit, which
// would end with the broker removing what was looked at.
func (q *queue) mayPeek() bool {
	s := q.setup.signal
	return q.counts.consumers == 0 && s != nil && (s.Type == "classic" || s.Type == "quorum" && (s.ReturnsUncounted || !s.MaxDeliveries.Known()))
}

// peeked is a message as the management API shows it.
type peeked struct {
	Properties properties `json:"properties"`
}

type properties struct {
	MessageID     string         `json:"message_id"`
	CorrelationID string         `json:"correlation_id"`
	Headers       map[string]any `json:"headers"`
}

// UnmarshalJSON takes an empty list for an empty object: so the broker writes one.
func (p *properties) UnmarshalJSON(text []byte) error {
	if string(text) == "[]" {
		return nil
	}
	type plain properties
	return json.Unmarshal(text, (*plain)(p))
}

// peekAt has the broker deliver the first messages of a queue to nobody, and take them
// back.
func (r *reader) peekAt(ctx context.Context, q *queue) error {
	var messages []peeked
	path := "/api/queues/" + url.PathEscape(q.vhost) + "/" + url.PathEscape(q.name) + "/get"
	err := r.askNodes(ctx, func(node string) error {
		return r.client.take(ctx, node+path, peekAt, &messages)
	})
	if err != nil {
		return err
	}
	reasons := map[string]int{}
	q.peek = peek{}
	for i := range messages {
		death := messages[i].death()
		if death.reason != "" {
			reasons[death.reason+" from "+key{q.vhost, death.queue}.destination()]++
		}
		if id := messages[i].order(r.config.OrderID); id != "" {
			q.peek.orders = append(q.peek.orders, signal.OrderRef{ID: id, Since: death.at, TraceID: messages[i].trace()})
		}
	}
	for _, reason := range slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b))
	}) {
		q.peek.reasons = append(q.peek.reasons, fmt.Sprintf("%d %s", reasons[reason], reason))
	}
	slices.SortStableFunc(q.peek.orders, func(a, b signal.OrderRef) int { return cmp.Compare(b.Since, a.Since) })
	return nil
}

// death is why and from where a message was given up the last time.
type death struct {
	reason, queue string
	at            signal.Instant
}

func (p *peeked) death() (d death) {
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

// order returns the order's id from where the config says that it is.
func (p *peeked) order(from string) string {
	switch header, isHeader := strings.CutPrefix(from, orderIDHeader); {
	case isHeader:
		switch id := p.Properties.Headers[header].(type) {
		case string:
			return shown(id)
		case float64: // a number, which is an id and not a quantity
			return fmt.Sprintf("%.0f", id)
		}
	case from == orderIDMessage:
		return shown(p.Properties.MessageID)
	case from == orderIDCorrelation:
		return shown(p.Properties.CorrelationID)
	}
	return ""
}

// trace returns the trace that a message belongs to, from its traceparent header.
func (p *peeked) trace() string {
	text, _ := p.Properties.Headers["traceparent"].(string)
	id, _ := span.Parent(text)
	return id
}

// longestID is longer than the id of any order; what is longer is no id.
const longestID = 256

// shown returns an id as it may be shown to people; empty where it is none.
func shown(id string) string {
	if len(id) > longestID || !utf8.ValidString(id) || strings.IndexFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return ""
	}
	return id
}

// take asks for messages, which go back to where they were.
func (c *client) take(ctx context.Context, address string, count int, into any) error {
	// One byte of each message is enough: what is looked for is beside it.
	order, err := json.Marshal(map[string]any{"count": count, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": 1})
	if err != nil {
		return err
	}
	body, err := c.ask(ctx, "POST", address, bytes.NewReader(order), true)
	if err != nil {
		return err
	}
	defer body.close()
	body.piece = largestPiece
	return notJSON(json.NewDecoder(body).Decode(into))
}
