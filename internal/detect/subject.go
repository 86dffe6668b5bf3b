package detect

import (
	"cmp"

	"github.com/lostorder/lostorder/internal/signal"
)

// queueSubject is the subject of a finding about a queue.
func queueSubject(id signal.QueueID) signal.Subject {
	return signal.Subject{System: id.System, Cluster: id.Cluster, Destination: id.Destination, Group: id.Group}
}

// queueOf is the queue that a finding is about.
func queueOf(s signal.Subject) signal.QueueID {
	return signal.QueueID{System: s.System, Cluster: s.Cluster, Destination: s.Destination, Group: s.Group}
}

// deadLetterID names a dead letter queue as a queue.
func deadLetterID(d *signal.DeadLetterQueue) signal.QueueID {
	return signal.QueueID{System: d.System, Cluster: d.Cluster, Destination: d.Destination}
}

// outboxSubject is the subject of a finding about an outbox.
func outboxSubject(o *signal.Outbox) signal.Subject {
	return signal.Subject{Database: o.Database, Outbox: o.Name}
}

// lifecycleSubject is the subject of a finding about a lifecycle, or about one of its
// states.
func lifecycleSubject(l *signal.Lifecycle, state string) signal.Subject {
	return signal.Subject{Database: l.Database, Lifecycle: l.Name, State: state}
}

// compareQueues orders queues by cluster, name, group and system.
func compareQueues(a, b signal.QueueID) int {
	return cmp.Or(
		cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Destination, b.Destination),
		cmp.Compare(a.Group, b.Group), cmp.Compare(a.System, b.System),
	)
}

// maxOrders bounds the sample of orders that a finding names.
const maxOrders = 20

// orderIDs returns the ids of the first orders.
func orderIDs(refs []signal.OrderRef) []string {
	ids := make([]string, 0, min(len(refs), maxOrders))
	for _, ref := range refs {
		if len(ids) == maxOrders {
			break
		}
		if ref.ID != "" {
			ids = append(ids, ref.ID)
		}
	}
	return ids
}

// traced returns the first orders with a known trace.
func traced(refs []signal.OrderRef) []signal.OrderRef {
	var known []signal.OrderRef
	for _, ref := range refs {
		if ref.TraceID != "" && len(known) < maxOrders {
			known = append(known, ref)
		}
	}
	return known
}

// earlier returns the earlier of two moments, ignoring one that is unknown.
func earlier(a, b signal.Instant) signal.Instant {
	if !a.Known() || b.Known() && b < a {
		return b
	}
	return a
}
