package rabbitmq

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// mostDetails bounds how many queues are read one by one in a reading. Each costs the
// broker a millisecond.
const mostDetails = 50

// details are fields that the prometheus plugin has only in families that cost more than
// the rest of the reading.
type details struct {
	Consumers   *int64   `json:"consumers"`
	Head        *float64 `json:"head_message_timestamp"`
	Utilisation *float64 `json:"consumer_utilisation"`
	Bytes       *int64   `json:"message_bytes_ready"`
}

func (e *details) put(c *counts, now time.Time) {
	setCount(&c.consumers, e.Consumers)
	setCount(&c.bytes, e.Bytes)
	if e.Head != nil {
		c.head = stampOf(*e.Head, now)
	}
	// Without consumers the broker reports 0, which means nothing.
	if e.Utilisation != nil && c.consumers > 0 {
		c.utilisation = *e.Utilisation
	}
}

// readDetails reads, for queues that had a backlog at the last reading too or are new, the timestamp
// of the head, the size of the backlog, the consumers and their utilisation. If there are
// too many such queues, all consumers are counted at the next reading.
func (r *reader) readDetails(ctx context.Context) {
	asked := 0
	for _, q := range r.sorted {
		if q.counts.waiting() <= 0 || !q.history.since.Known() && q.counts.consumers.Known() || q.stream() {
			continue
		}
		if asked++; asked > mostDetails || ctx.Err() != nil {
			r.consumersAt = time.Time{}
			return
		}
		var e details
		path := "/api/queues/" + url.PathEscape(q.vhost) + "/" + url.PathEscape(q.name) + "?columns=consumers,head_message_timestamp,consumer_utilisation,message_bytes_ready"
		switch err := r.getJSON(ctx, path, &e); {
		case err == nil:
			e.put(&q.counts, time.Now())
		case !errors.Is(err, statusError(http.StatusNotFound)):
			return // keep what the plugin returned; a queue that was deleted meanwhile is no error
		}
	}
}
