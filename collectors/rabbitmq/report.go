package rabbitmq

import (
	"fmt"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fill writes the report.
func (r *reader) fill(report *signal.Report, now signal.Instant) {
	report.Queues = make([]signal.Queue, len(r.sorted))
	parts := make([]signal.Partition, len(r.sorted)) // one for each, in one piece
	for i, q := range r.sorted {
		report.Queues[i] = q.reading(q.age(now), parts[i:i+1:i+1])
	}
	report.DeadLetters = r.deadLetters(report.Queues, now)
	report.Losses = slices.Clone(r.losses)
	report.Alarms = slices.Clone(r.alarms)
	report.Warnings = r.warnings()
}

// statisticsInterval is how often queues and channels tell the broker what they
// count, unless it is told otherwise (collect_statistics_interval).
const statisticsInterval = 5 * time.Second

// stream reports whether the queue is a stream, or may be one.
func (q *queue) stream() bool { return q.setup.signal == nil || q.setup.signal.Type == "stream" }

// reading returns what is reported of the queue; part is room for its one part.
func (q *queue) reading(age signal.Age, part []signal.Partition) signal.Queue {
	c := &q.counts
	s := signal.NewQueue(q.id)
	s.Objective, s.Setup, s.Oldest = q.objective, q.setup.signal, age
	s.Consumers, s.Utilisation, s.InFlight = c.consumers, c.utilisation, c.unacked
	s.Published, s.Redelivered, s.CounterDelay = c.published, c.redelivered, statisticsInterval
	if q.stream() {
		// What lies in a stream is kept, not waiting; and of a queue that is not
		// known yet nobody knows whether it is one. What waits for the slowest reader
		// is told of those that speak the stream protocol.
		s.Ready = c.lag
		if q.setup.signal != nil {
			s.InFlight = signal.Unknown // the broker says 0, whatever readers hold
		}
		return s
	}
	s.Ready, s.ReadyBytes = c.ready, c.bytes
	s.Received = c.delivered.Add(c.auto)
	s.Acknowledged = c.acked.Add(c.auto)
	processed := c.processed()
	if !processed.Known() || !c.ready.Known() || !c.unacked.Known() {
		return s
	}
	part[0] = signal.Partition{Start: signal.Unknown, Committed: int64(processed), End: int64(processed + c.waiting()), Head: age}
	s.Partitions = part
	return s
}

// past is what is remembered of a queue to tell for how long its head has waited.
type past struct {
	consumers signal.Count
	processed signal.Count
	left      signal.Count   // published and no longer there, however it went
	since     signal.Instant // nothing was taken off, and something waited
}

func newPast() past {
	return past{consumers: signal.Unknown, processed: signal.Unknown, left: signal.Unknown}
}

// age returns since when the head of the queue has waited: as the publisher says,
// where it does, else at least since the last message was taken off while others
// waited.
func (q *queue) age(now signal.Instant) signal.Age {
	c, before := &q.counts, q.past
	processed := c.processed()
	q.past = past{consumers: c.consumers, processed: processed, left: signal.Unknown}
	if q.stream() || c.waiting() <= 0 {
		return signal.Age{}
	}
	if c.published.Known() {
		q.past.left = max(0, c.published-c.waiting())
	}
	q.past.since = before.since
	if !before.since.Known() || before.processed != processed || q.past.left > before.left || q.dropsNow() {
		q.past.since = now
	}
	if retention := q.setup.signal.Retention; retention > 0 {
		q.past.since = max(q.past.since, now.Add(-retention))
	}
	switch {
	case c.head.Known():
		return signal.Age{Since: c.head, Bound: signal.Measured}
	case !processed.Known():
		return signal.Age{}
	}
	return signal.Age{Since: q.past.since, Bound: signal.AtLeast}
}

// dropsNow reports whether the queue may be removing its head to make room. One that is
// bounded in bytes is not full when it drops, for the next message did not fit.
func (q *queue) dropsNow() bool {
	s, c := q.setup.signal, &q.counts
	full := s.MaxMessages.Known() && c.ready >= s.MaxMessages ||
		s.MaxBytes.Known() && (!c.bytes.Known() || c.bytes >= s.MaxBytes/2)
	return s.DropsHead && full
}

// hidden names the virtual hosts in which the user may see nothing. The prometheus plugin,
// which asks for no user, shows that there are queues, and the management API lists none.
func (r *reader) hidden() (list []string) {
	if r.config.vhosts() != nil {
		return nil // each was asked for, and its error says so
	}
	last := ""
	for _, q := range r.sorted {
		if q.hidden && q.vhost != last {
			list = append(list, fmt.Sprintf("of the queues in virtual host %s only counters are known: give the user rights on it, or exclude it by vhosts", q.vhost))
			last = q.vhost
		}
	}
	return list
}

// unmatched says which includes match nothing, and that there is nothing at all: the
// broker hides from a user what he has no right to, so that it looks empty and well.
func (r *reader) unmatched() (list []string) {
	if r.config.vhosts() == nil { // otherwise each was asked for, and its error says so
		list = r.lostVHosts.Warnings("vhosts.include", "virtual host with a queue that is seen")
	}
	list = append(list, r.lostQueues.Warnings("queues.include", "queue")...)
	if len(list) == 0 && len(r.sorted) == 0 {
		list = []string{"no queue is seen: there is none, or this user has no rights on its virtual host"}
	}
	return list
}

// warnings says what the operator should know; the same for the same state.
func (r *reader) warnings() []string {
	var list []string
	for _, n := range r.nodes {
		if !n.Running {
			list = append(list, fmt.Sprintf("node %s is not running", n.Name))
		}
	}
	for _, a := range r.alarms {
		if a.Raised {
			list = append(list, fmt.Sprintf("node %s is out of %s and blocks publishers", a.Node, resources[a.Resource]))
		}
	}
	list = append(list, r.hidden()...)
	list = append(list, r.unmatched()...)
	if r.pluginIs != nil {
		list = append(list, "the prometheus plugin is not used, and the management API is dearer for the broker: "+r.pluginIs.Error())
	}
	if !r.statistics && r.unmanaged == nil && (!r.deliveries || r.pluginIs != nil) {
		list = append(list, "statistics are disabled in the broker: neither progress nor ages are known")
	}
	return list
}
