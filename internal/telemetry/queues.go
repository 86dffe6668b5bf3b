package telemetry

import (
	"cmp"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/signal"
)

// perQueue makes the series of a metric of queues.
func perQueue(each func(v *view, q *queue, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.queues.all {
			each(v, &v.queues.all[i], out)
		}
	}
}

func queueMessages(v *view, q *queue, out *block) {
	out.count(q.Ready, q.labels, v.labels.pair(labelState, "ready"))
	out.count(q.InFlight, q.labels, v.labels.pair(labelState, "in_flight"))
	out.count(q.Delayed, q.labels, v.labels.pair(labelState, "delayed"))
	out.count(q.Uncommitted, q.labels, v.labels.pair(labelState, "uncommitted"))
}

func consumerUtilisation(_ *view, q *queue, out *block) {
	if q.Utilisation >= 0 {
		out.add(q.Utilisation, q.labels)
	}
}

// heldMessages adds the messages behind the open transactions of a queue.
func heldMessages(_ *view, q *queue, out *block) {
	if len(q.OpenTransactions) == 0 {
		return
	}
	held := signal.Count(0)
	for i := range q.OpenTransactions {
		held += max(0, q.OpenTransactions[i].Messages)
	}
	out.count(held, q.labels)
}

// partitionMessages adds the partitions of the queues that ask for it; their sum
// per state is the number of messages of the queue.
func partitionMessages(v *view, q *queue, out *block) {
	if !q.PerPartition {
		return
	}
	labels, partition, state := q.labels, labelPartition, labelState
	if !q.FullPartitionLabels {
		id := validID(q.QueueID)
		labels = v.labels.of(label{labelCluster, id.Cluster}, label{labelShortDestination, id.Destination}, label{labelShortGroup, id.Group})
		partition, state = labelShortPartition, labelShortState
	}
	number := v.labels.partition(partition)
	ready, uncommitted := v.labels.pair(state, "ready"), v.labels.pair(state, "uncommitted")
	for _, p := range distinct(q.Partitions) {
		switch {
		case p.End < 0:
		case p.Committed < 0:
			out.add(float64(p.Uncommitted()), labels, number(p.ID), uncommitted)
		default:
			out.add(float64(p.Lag()), labels, number(p.ID), ready)
		}
	}
}

// distinct returns the partitions, each once, the last of its id.
func distinct(partitions []signal.Partition) []signal.Partition {
	byID := func(a, b signal.Partition) int { return cmp.Compare(a.ID, b.ID) }
	for i := 1; i < len(partitions); i++ {
		if partitions[i-1].ID >= partitions[i].ID {
			sorted := slices.Clone(partitions)
			slices.Reverse(sorted)
			slices.SortStableFunc(sorted, byID)
			return slices.CompactFunc(sorted, func(a, b signal.Partition) bool { return a.ID == b.ID })
		}
	}
	return partitions
}

// timeToLoss adds the queues whose messages are at risk, as long as their reading is shown.
func timeToLoss(v *view, out *block) {
	for _, threat := range v.Expiries {
		id := validID(threat.QueueID)
		if i, ok := v.queues.index[id]; ok {
			out.add(threat.In.Seconds(), v.queues.all[i].labels)
		} else if i, ok := v.dlqs.index[id]; ok {
			out.add(threat.In.Seconds(), v.dlqs.all[i].id)
		}
	}
}

func dlqConfigured(v *view, q *queue, out *block) {
	if q.Setup == nil || q.Setup.DeadLettering.Route == signal.RouteUnknown || q.Objective.NoDLQ || q.Setup.Temporary || !q.Purpose.Role.ExpectsConsumers() {
		return
	}
	// A dead letter queue needs none itself.
	if _, dead := v.dlqs.index[validID(signal.QueueID{System: q.System, Cluster: q.Cluster, Destination: q.Destination})]; dead {
		return
	}
	configured := 0.0
	if q.Setup.DeadLettering.Route == signal.RouteSet {
		configured = 1
	}
	out.add(configured, q.labels)
}

func lostMessages(v *view, out *block) {
	for _, l := range v.losses.all {
		out.add(float64(l.Messages), l.labels)
	}
}

// several stands for the sources of a dead letter queue that has more than one.
// The queue keeps one series, so that a sum does not count its messages twice.
const several = "several"

// source returns the label that names the queue whose failed messages go to a dead
// letter queue.
func (v *view) source(sources []string) []*dto.LabelPair {
	switch sources := v.sources(sources); len(sources) {
	case 0:
		return nil
	case 1:
		return sources
	default:
		return v.labels.of(label{labelSource, several})
	}
}

// sources returns the label of each source, each once.
func (v *view) sources(names []string) []*dto.LabelPair {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = valid(name)
	}
	slices.Sort(names)
	var labels []*dto.LabelPair
	for _, name := range slices.Compact(names) {
		labels = append(labels, v.labels.of(label{labelSource, name})...)
	}
	return labels
}

// perDLQ makes the series of a metric of dead letter queues.
func perDLQ(each func(q *deadLetterQueue, out *block)) func(*view, *block) {
	return func(v *view, out *block) {
		for i := range v.dlqs.all {
			each(&v.dlqs.all[i], out)
		}
	}
}

func dlqSources(v *view, out *block) {
	for _, q := range v.dlqs.all {
		for _, source := range v.sources(q.Sources) {
			out.add(1, q.id, source)
		}
	}
}
