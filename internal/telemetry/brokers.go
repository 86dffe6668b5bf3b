package telemetry

import (
	"maps"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/lostorder/lostorder/internal/signal"
)

// nodeID names one fact about a node: an alarm of a resource, or a loss of a reason.
type nodeID struct {
	system              signal.System
	cluster, node, what string
}

type alarm struct {
	*signal.Alarm
	subject
}

type brokerLoss struct {
	*signal.BrokerLoss
	subject
}

// readBrokers indexes the alarms and losses that a report has of a broker's nodes.
func (v *view) readBrokers(r *signal.Report, at signal.Instant) {
	for i := range r.Alarms {
		a := &r.Alarms[i]
		id := nodeID{a.System, valid(a.Cluster), valid(a.Node), valid(a.Resource)}
		if v.alarms.put(id, alarm{a, subject{at, v.node(id, labelResource)}}) {
			v.twice("alarm", id.cluster, id.node, id.what)
		}
	}
	for i := range r.Losses {
		l := &r.Losses[i]
		id := nodeID{l.System, valid(l.Cluster), valid(l.Node), valid(l.Reason)}
		if j, known := v.brokerLosses.index[id]; known && l.QueueType != v.brokerLosses.all[j].QueueType {
			// The counter is one for the types of queues together.
			sum := *v.brokerLosses.all[j].BrokerLoss
			sum.Messages, sum.QueueType = sum.Messages.Add(l.Messages), l.QueueType
			v.brokerLosses.all[j].BrokerLoss = &sum
			continue
		}
		if v.brokerLosses.put(id, brokerLoss{l, subject{at, v.node(id, labelReason)}}) {
			v.twice("loss", id.cluster, id.node, id.what)
		}
	}
}

// node returns the labels of a node and of one fact about it.
func (v *view) node(id nodeID, what string) []*dto.LabelPair {
	return v.labels.of(label{labelSystem, string(id.system)}, label{labelCluster, id.cluster}, label{labelNode, id.node}, label{what, id.what})
}

func brokerAlarms(v *view, out *block) {
	for i := range v.alarms.all {
		a := &v.alarms.all[i]
		raised := 0.0
		if a.Raised {
			raised = 1
		}
		out.add(raised, a.labels)
	}
}

func brokerLosses(v *view, out *block) {
	for i := range v.brokerLosses.all {
		l := &v.brokerLosses.all[i]
		out.count(l.Messages, l.labels)
	}
}

// kafkaRequests adds the requests to Kafka brokers, by API.
func kafkaRequests(v *view, out *block) {
	for _, api := range slices.Sorted(maps.Keys(v.kafkaRequests)) {
		out.add(float64(v.kafkaRequests[api]), v.labels.of(label{labelAPI, api}))
	}
}
