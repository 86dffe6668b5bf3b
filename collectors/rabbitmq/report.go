package rabbitmq

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fill writes the report.
func (r *reader) fill(report *signal.Report, now signal.Instant) {
	report.Identity = r.identity
	report.Queues = make([]signal.Queue, len(r.sorted))
	parts := make([]signal.Partition, len(r.sorted)) // one for each, in one piece
	for i, q := range r.sorted {
		q.lastWaiting = q.counts.waiting()
		report.Queues[i] = q.reading(q.age(now), parts[i:i+1:i+1], now)
	}
	report.DeadLetters = r.deadLetters(report.Queues, now)
	report.Losses = slices.Clone(r.losses)
	for i := range report.Losses {
		if l := &report.Losses[i]; strings.HasPrefix(l.Reason, "unroutable") {
			l.From = strings.Join(r.unroutable.explain(), "; ")
		}
	}
	report.Alarms = slices.Clone(r.alarms)
	report.Warnings = r.warnings()
	if r.config.Username != "" {
		for _, vhost := range r.hiddenVHosts {
			report.Remedies = append(report.Remedies, signal.Remedy{Kind: signal.RemedyGrant, Text: r.permit(vhost), For: "virtual host " + vhost})
		}
	}
}

// statisticsInterval is the default of collect_statistics_interval: how often queues and
// channels publish their counters.
const statisticsInterval = 5 * time.Second

// stream reports whether the queue is a stream, or may be one.
func (q *queue) stream() bool { return q.setup.signal == nil || q.setup.signal.Type == "stream" }

// reading returns the signal of the queue; part is the memory for its one partition.
func (q *queue) reading(age signal.Age, part []signal.Partition, now signal.Instant) signal.Queue {
	c := &q.counts
	s := signal.NewQueue(q.id)
	s.Semantics = &semantics
	s.Objective, s.Setup, s.Oldest, s.Purpose = q.objective, q.setup.signal, age, q.purpose
	s.Delay = q.delay
	if s.Purpose.Role == signal.RoleRetry {
		s.Objective = s.Objective.After(s.Delay)
	}
	s.Objective.NoDLQ = s.Objective.NoDLQ || federated(q.name)
	s.Consumers, s.Utilisation, s.InFlight = c.consumers, c.utilisation, c.unacked
	s.Published, s.Redelivered, s.CounterDelay = c.published, c.redelivered, statisticsInterval
	if q.stream() {
		// A stream keeps its messages, so its length is no backlog. The type of a queue whose
		// definition was not read may be stream. The broker reports the lag of the slowest
		// consumer that uses the stream protocol. How far consumers are is another question
		// (stream.go).
		s.Ready = c.lag
		if q.setup.signal != nil {
			s.Semantics = &streamSemantics
			if at, known := q.follower.follow(c, now); known {
				part[0] = at
				s.Partitions = part
			}
			s.InFlight = signal.Unknown // the broker reports 0, whatever consumers hold
		}
		return s
	}
	s.Ready, s.ReadyBytes = c.ready, c.bytes
	if c.deliveriesKnown && !c.redelivered.Known() {
		s.Redelivered = 0 // the broker counts them, and has none to count
	}
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

// history is what the age of the head is computed from.
type history struct {
	consumers signal.Count
	processed signal.Count
	published signal.Count   // as of since
	since     signal.Instant // consumers processed nothing since, and a message of that time still waits
}

func newHistory() history {
	return history{consumers: signal.Unknown, processed: signal.Unknown, published: signal.Unknown}
}

// age returns since when the head of the queue has waited: the publisher's timestamp, or at
// least since a moment whose messages are not all gone. While fewer messages arrived since
// then than wait now, one that waits was there. The broker counts what is published and what
// waits at different moments, so a message is not gone because the difference of the two
// changes.
func (q *queue) age(now signal.Instant) signal.Age {
	c, before := &q.counts, q.history
	processed := c.processed()
	q.history = history{consumers: c.consumers, processed: processed, published: signal.Unknown}
	if q.stream() || c.waiting() <= 0 {
		return signal.Age{}
	}
	q.history.since, q.history.published = before.since, before.published
	if !before.since.Known() || before.processed != processed || c.replaced(before.published) || q.dropsNow() {
		q.history.since, q.history.published = now, c.published
	}
	if retention := q.setup.signal.Retention; retention > 0 {
		q.history.since = max(q.history.since, now.Add(-retention))
	}
	switch {
	case q.purpose.Role == signal.RoleDelay:
		return q.held(now)
	case c.head.Known():
		return signal.Age{Since: c.head, Bound: signal.Measured}
	case !processed.Known():
		return signal.Age{}
	}
	return signal.Age{Since: q.history.since, Bound: signal.AtLeast}
}

// replaced reports whether all that waited when so many messages had been published may have
// left the queue: it expired, was purged or was given up. Counters that restarted show nothing.
func (c *counts) replaced(published signal.Count) bool {
	if !c.published.Known() {
		return false
	}
	return !published.Known() || c.published < published || c.published-published >= c.waiting()
}

// dropsNow reports whether the queue may be removing its head to make room. A queue with a
// limit in bytes drops before it is full, when the next message does not fit.
func (q *queue) dropsNow() bool {
	s, c := q.setup.signal, &q.counts
	full := s.MaxMessages.Known() && c.ready >= s.MaxMessages ||
		s.MaxBytes.Known() && (!c.bytes.Known() || c.bytes >= s.MaxBytes/2)
	return s.DropsHead && full
}

// unreadableVHosts warns of virtual hosts in which the user has no permissions. The
// prometheus plugin needs no user and shows their queues; the management API lists none.
func (r *reader) unreadableVHosts() (list []string) {
	if r.config.vhosts() != nil {
		return nil // the config lists plain names, and the error of each says so
	}
	last := ""
	for _, q := range r.sorted {
		if q.unreadable && q.vhost != last {
			list = append(list, fmt.Sprintf("only counters are known of the queues in virtual host %s; give the user permissions on it, or exclude it in vhosts", q.vhost))
			last = q.vhost
		}
	}
	return list
}

// unmatched warns of includes that match nothing, and of a cluster without queues: the
// broker hides what the user has no permissions on, and the cluster looks empty.
func (r *reader) unmatched() (list []string) {
	if r.config.vhosts() == nil { // the config lists plain names, and the error of each says so
		list = r.unmatchedVHosts.Warnings("vhosts.include", "virtual host with a visible queue")
	}
	list = append(list, r.unmatchedQueues.Warnings("queues.include", "queue")...)
	if len(list) == 0 && len(r.sorted) == 0 {
		list = []string{"no queue is visible: the cluster has none, or the user has no permissions on the virtual hosts"}
	}
	return list
}

// warnings returns what the operator should fix. The texts are the same for the same state.
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
	list = append(list, r.unreadableVHosts()...)
	list = append(list, r.hiddenWarnings()...)
	list = append(list, r.unmatched()...)
	if r.pluginError != nil {
		list = append(list, "lostorder reads the management API, which is more expensive for the broker, because the prometheus plugin cannot be used: "+r.pluginError.Error())
	}
	if !r.statistics && r.managementError == nil && (!r.deliveries || r.pluginError != nil) {
		list = append(list, "statistics are disabled in the broker, so progress and ages are unknown; enable them, or enable the prometheus plugin")
	}
	return list
}
