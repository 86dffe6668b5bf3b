package rabbitmq

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// mostBehind bounds how many queues are asked about one by one in a reading. Each
// costs the broker a millisecond.
const mostBehind = 50

// extra is what the prometheus plugin tells only together with so much else that it
// would cost more than the whole reading.
type extra struct {
	Consumers   *int64   `json:"consumers"`
	Head        *float64 `json:"head_message_timestamp"`
	Utilisation *float64 `json:"consumer_utilisation"`
	Bytes       *int64   `json:"message_bytes_ready"`
}

func (e *extra) put(c *counts, now time.Time) {
	set(&c.consumers, e.Consumers)
	set(&c.bytes, e.Bytes)
	if e.Head != nil {
		c.head = stampOf(*e.Head, now)
	}
	// Without consumers the broker says 0, which is no measure of them.
	if e.Utilisation != nil && c.consumers > 0 {
		c.utilisation = *e.Utilisation
	}
}

// askBehind asks about the queues in which messages were waiting at the last reading,
// too: how old the first of them is, how large they are, who reads them, and whether
// readers have room for more. Where there are too many to ask about one by one, all consumers are counted at
// the next reading.
func (r *reader) askBehind(ctx context.Context) {
	asked := 0
	for _, q := range r.sorted {
		if q.counts.waiting() <= 0 || !q.past.since.Known() || q.stream() {
			continue
		}
		if asked++; asked > mostBehind || ctx.Err() != nil {
			r.consumersAt = time.Time{}
			return
		}
		var e extra
		path := "/api/queues/" + url.PathEscape(q.vhost) + "/" + url.PathEscape(q.name) + "?columns=consumers,head_message_timestamp,consumer_utilisation,message_bytes_ready"
		switch err := r.ask(ctx, path, &e); {
		case err == nil:
			e.put(&q.counts, time.Now())
		case !errors.Is(err, statusError(http.StatusNotFound)):
			return // it was not only deleted meanwhile; what else was read stands
		}
	}
}
