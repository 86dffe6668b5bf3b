package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	"github.com/lostorder/lostorder/internal/signal"
)

// Reasons why the messages of a queue cannot be searched.
var (
	errNoMessages = errors.New("lostorder gets no message here; to search dead letter queues, set peek: true and order_id")
	errHarmful    = errors.New("getting its messages is not harmless: it has a consumer, or each delivery counts towards a limit")
	errNoSample   = errors.New("its messages could not be read")
)

// Trail searches the first messages of dead letter queues for one order. It gets messages
// as a reading does, and only where the config allows it.
func (r *reader) Trail(ctx context.Context, orderID string) ([]signal.Place, error) {
	store := "rabbitmq " + r.config.Name
	if !r.config.Peek || r.config.OrderID == "" {
		return []signal.Place{{Store: store, Name: "queues", Holds: "messages", Err: errNoMessages}}, nil
	}
	var report signal.Report
	err := r.Read(ctx, &report)
	var places []signal.Place
	for _, q := range r.sorted {
		there := q.counts.waiting()
		if r.deadLetterings[q.key] == nil || there <= 0 {
			continue
		}
		place := signal.Place{Store: store, Name: q.destination(), Holds: "dead letters"}
		switch {
		case !q.canSample():
			place.Err = errHarmful
		case q.sample.messages != there:
			place.Err = errNoSample
		case there > sampleSize:
			place.Searched = fmt.Sprintf("the first %d of %d messages", sampleSize, there)
		}
		for _, order := range q.sample.orders {
			if order.ID != orderID {
				continue
			}
			event := signal.Event{Kind: signal.EventDeadLetter, At: order.Since, What: "message is in the dead letter queue", TraceID: order.TraceID}
			if reason := q.sample.reasonOf[orderID]; reason != "" {
				event.What += ": " + reason
			}
			place.Events = append(place.Events, event)
		}
		places = append(places, place)
	}
	if len(places) == 0 && err == nil {
		places = []signal.Place{{Store: store, Name: "dead letter queues", Holds: "messages"}}
	}
	return places, err
}
