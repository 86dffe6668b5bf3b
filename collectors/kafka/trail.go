package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

const (
	// searchedEach is how many messages of one partition a look-up searches, and
	// searchedPartitions of how many partitions.
	searchedEach       = 1000
	searchedPartitions = 128
	// searchPasses is how often a look-up reads each partition further.
	searchPasses = 4
)

// Reasons why the messages of a topic cannot be searched.
var (
	errNoOrderID = errors.New("lostorder reads no message here; if messages carry their order id, set order_id: key, header:NAME or json:$.path")
	errDenied    = errors.New("not authorized to read the topic; give the user of lostorder READ on it")
	errNoAnswer  = errors.New("a broker did not answer, or a partition has no leader")
)

// search is the search for one order in one partition.
type search struct {
	fetch
	from  int64
	kind  signal.EventKind
	queue *queue // nil for a dead letter queue
}

// Trail searches the dead letter queues, and what waits in queues, for the messages of one
// order. It sees the newest messages of a dead letter queue, and the oldest that wait.
func (r *reader) Trail(ctx context.Context, orderID string) ([]signal.Place, error) {
	store := "kafka " + r.config.Name
	if r.config.OrderID == "" {
		return []signal.Place{{Store: store, Name: "topics", Holds: "messages", Err: errNoOrderID}}, nil
	}
	one, end := r.begin(ctx)
	defer end()
	if err := one.readPositions(); err != nil {
		return nil, err
	}
	one.closeQueues()
	searches, left := one.searches(orderID)
	for range searchPasses {
		fetches := make([]*fetch, len(searches))
		for i := range searches {
			fetches[i] = &searches[i].fetch
		}
		one.fetchAll(fetches)
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("search messages: %w", ctx.Err())
	}
	places := one.found(store, searches, left)
	if len(places) == 0 {
		places = []signal.Place{{Store: store, Name: "dead letter queues and backlogs", Holds: "messages", Err: one.missing.Err()}}
	}
	return places, nil
}

// searches are the searches for an order: at first in dead letter queues. left counts, by
// topic, the messages in partitions that are too many to be searched.
func (r *reading) searches(orderID string) (all []*search, left map[int32]int64) {
	left = map[int32]int64{}
	place := r.config.orderIDPlace()
	add := func(i int32, partition int32, from, until int64, kind signal.EventKind, q *queue) {
		if from < 0 || until <= from {
			return
		}
		if len(all) == searchedPartitions {
			left[i] += until - from
			return
		}
		s := &search{from: from, kind: kind, queue: q}
		s.fetch = fetch{
			topic: &r.topics[i], partition: partition, next: from, until: until, newest: true,
			place: place, wants: func(order string) bool { return order == orderID },
		}
		if kind == signal.EventDeadLetter {
			s.next = max(from, until-searchedEach)
		} else {
			s.until = min(until, from+searchedEach)
		}
		s.from = s.next
		all = append(all, s)
	}
	for i := range r.topics {
		t := &r.topics[i]
		if t.dlq == nil || t.deleted {
			continue
		}
		for p := range t.end {
			add(int32(i), int32(p), t.start[p], t.end[p], signal.EventDeadLetter, nil)
		}
	}
	for i := range r.queues {
		q := &r.queues[i]
		if r.topics[q.topic].dlq != nil {
			continue
		}
		for j := q.from; j < q.to; j++ {
			if p := &r.parts[j]; p.Lag() > 0 {
				add(q.topic, p.ID, headOf(p), p.End, signal.EventWaiting, q)
			}
		}
	}
	return all, left
}

// found makes a place of each topic that was searched.
func (r *reading) found(store string, searches []*search, left map[int32]int64) []signal.Place {
	var places []signal.Place
	byTopic := map[string]int{}
	searched, all := map[string]int64{}, map[string]int64{}
	for _, s := range searches {
		name := s.topic.name
		n, known := byTopic[name]
		if !known {
			n = len(places)
			byTopic[name] = n
			holds := "messages that wait"
			if s.kind == signal.EventDeadLetter {
				holds = "dead letters"
			}
			places = append(places, signal.Place{Store: store, Name: name, Holds: holds})
		}
		place := &places[n]
		switch {
		case s.denied:
			place.Err = errDenied
		case s.failed:
			place.Err = errNoAnswer
		}
		end := s.topic.end[s.partition]
		begin := s.topic.start[s.partition]
		if s.queue != nil {
			begin = s.from
		}
		searched[name] += min(s.next, s.until) - s.from
		all[name] += end - begin
		for _, m := range s.found {
			r.addMessage(place, s, m)
		}
	}
	for name, n := range byTopic {
		all[name] += left[r.byName[name]]
		if searched[name] < all[name] {
			places[n].Searched = fmt.Sprintf("%d of %d messages", searched[name], all[name])
		}
	}
	return places
}

// addMessage adds what one message shows.
func (r *reading) addMessage(place *signal.Place, s *search, m message) {
	event := signal.Event{
		Kind: s.kind, At: m.at, What: "message is in the dead letter queue",
		Key: fmt.Sprintf("partition %d, offset %d", s.partition, m.offset), TraceID: m.trace, SpanID: m.span,
	}
	if q := s.queue; q != nil {
		event.What = "message waits for consumer group " + q.group.name
		objective := r.config.objective(s.topic.name, q.group.name)
		if m.at.Known() {
			place.Expected = append(place.Expected, signal.Expectation{
				What: "consumer group " + q.group.name + " processes the message", By: m.at.Add(time.Duration(objective.MaxAge)),
			})
		}
	}
	place.Events = append(place.Events, event)
}
