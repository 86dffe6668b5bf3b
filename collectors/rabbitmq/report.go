package rabbitmq

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// fill writes the report.
func (r *reader) fill(report *signal.Report, queues map[key]*counts, now signal.Instant) {
	keys := make([]key, 0, len(queues))
	for k := range queues {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.vhost, b.vhost), strings.Compare(a.name, b.name))
	})
	report.Queues = make([]signal.Queue, 0, len(keys))
	pasts := make(map[key]past, len(keys))
	for _, k := range keys {
		q := r.queueOf(k, queues[k])
		age := r.age(k, queues[k], now, pasts)
		q.Oldest = age
		if len(q.Partitions) == 1 {
			q.Partitions[0].Head = age
		}
		report.Queues = append(report.Queues, q)
	}
	r.past = pasts
	report.DeadLetters = r.deadLetters(report.Queues, keys)
	report.Losses = slices.Clone(r.losses)
	report.Warnings = r.warnings()
}

// queueOf returns one queue.
func (r *reader) queueOf(k key, c *counts) signal.Queue {
	q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: r.config.Name, Destination: k.destination()})
	q.Objective = r.config.objective(k.name)
	s, defined := r.setups[k]
	q.Setup = s.signal
	q.Consumers, q.InFlight = c.consumers, c.unacked
	q.Published, q.Redelivered = c.published, c.redelivered
	if !defined || s.signal.Type == "stream" {
		// What lies in a stream is kept, not waiting; and of a queue that is not
		// known yet nobody knows whether it is one.
		return q
	}
	q.Ready = c.ready
	q.Received = c.delivered.Add(c.auto)
	q.Acknowledged = c.acked.Add(c.auto)
	processed := c.processed()
	if !processed.Known() || !c.ready.Known() || !c.unacked.Known() {
		return q
	}
	q.Partitions = []signal.Partition{{
		Start: signal.Unknown, Committed: int64(processed), End: int64(processed + c.ready + c.unacked),
	}}
	return q
}

// age returns since when the head of a queue has waited: as the publisher says,
// where it does, else at least since the last message was taken off while others
// waited.
func (r *reader) age(k key, c *counts, now signal.Instant, pasts map[key]past) signal.Age {
	waiting := c.ready.Add(c.unacked)
	processed := c.processed()
	pasts[k] = past{consumers: c.consumers}
	if s, ok := r.setups[k]; !ok || s.signal.Type == "stream" || waiting <= 0 {
		return signal.Age{}
	}
	if c.head.Known() {
		return signal.Age{Since: c.head, Bound: signal.Measured}
	}
	if !processed.Known() {
		return signal.Age{}
	}
	before, seen := r.past[k]
	left := signal.Count(signal.Unknown)
	if c.published.Known() {
		left = max(0, c.published-waiting)
	}
	if !seen || !before.since.Known() || before.processed != processed || left > before.left || dropsNow(r.setups[k].signal, c) {
		before.since = now
	}
	before.consumers, before.processed, before.left = c.consumers, processed, left
	if retention := r.setups[k].signal.Retention; retention > 0 {
		before.since = max(before.since, now.Add(-retention))
	}
	pasts[k] = before
	return signal.Age{Since: before.since, Bound: signal.AtLeast}
}

// dropsNow reports whether the queue may be removing its head to make room.
func dropsNow(s *signal.Setup, c *counts) bool {
	return s.DropsHead && (s.MaxBytes.Known() || c.ready >= s.MaxMessages)
}

// deadLetters returns the queues to which others give up their messages.
func (r *reader) deadLetters(queues []signal.Queue, keys []key) []signal.DeadLetterQueue {
	type end struct {
		sources   []string
		retention time.Duration
	}
	ends := map[key]*end{}
	for k, s := range r.setups {
		if !r.config.watches(k) {
			continue
		}
		for _, to := range s.to {
			if to == k {
				continue // a queue that takes back its own is a delay, not an end
			}
			if ends[to] == nil {
				ends[to] = &end{}
			}
			ends[to].sources = append(ends[to].sources, k.destination())
			ends[to].retention = max(ends[to].retention, s.signal.Retention)
		}
	}
	var list []signal.DeadLetterQueue
	for i, k := range keys {
		e := ends[k]
		if e == nil {
			continue
		}
		slices.Sort(e.sources)
		q := &queues[i]
		d := signal.DeadLetterQueue{
			System: signal.RabbitMQ, Cluster: r.config.Name, Destination: q.Destination, Sources: e.sources,
			Messages: q.Ready.Add(q.InFlight), Oldest: q.Oldest, Arrived: signal.Unknown, SourceRetention: e.retention,
		}
		if len(q.Partitions) == 1 {
			// The broker does not count what comes as dead letter; what was taken out
			// and what is left came some time.
			d.Arrived = signal.Count(q.Partitions[0].End)
		}
		if q.Setup != nil {
			d.Retention = q.Setup.Retention
		}
		list = append(list, d)
	}
	return list
}

// warnings says what the operator should know; the same for the same state.
func (r *reader) warnings() []string {
	var list []string
	for _, n := range r.nodes {
		switch {
		case !n.Running:
			list = append(list, fmt.Sprintf("node %s is not running", n.Name))
		case n.Memory:
			list = append(list, fmt.Sprintf("node %s is out of memory and blocks publishers", n.Name))
		case n.Disk:
			list = append(list, fmt.Sprintf("node %s is out of disk space and blocks publishers", n.Name))
		}
	}
	if r.pluginIs != nil {
		list = append(list, "the prometheus plugin is not used, and the management API is dearer for the broker: "+r.pluginIs.Error())
	}
	if !r.statistics && (!r.plugin || r.pluginIs != nil) {
		list = append(list, "statistics are disabled in the broker: neither progress nor ages are known")
	}
	return list
}
