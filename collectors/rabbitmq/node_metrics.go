package rabbitmq

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// nodeMetrics are the metrics of a node, summed over all its queues.
type nodeMetrics struct {
	name, version string
	uptime        time.Duration // 0 where it is unknown
	losses        map[lossKey]signal.Count
	alarms        map[string]bool
}

// lossKey is what a loss counter of a node is about.
type lossKey struct {
	reason    string
	queueType string // empty for messages that reached no queue
}

// readAllNodeMetrics reads how many messages each node dropped. Version and alarms are used
// if the management API does not answer.
func (r *reader) readAllNodeMetrics(ctx context.Context, m *missing) {
	var losses []signal.BrokerLoss
	var alarms []signal.Alarm
	for _, address := range r.config.prometheus() {
		n, err := r.readNode(ctx, address+"/metrics")
		if err != nil {
			m.add("read losses of node "+host(address), err)
			continue
		}
		n.name = cmp.Or(n.name, host(address))
		losses = append(losses, r.lossesOf(n)...)
		for _, resource := range []string{disk, memory} {
			if raised, known := n.alarms[resource]; known {
				alarms = append(alarms, r.alarm(n.name, resource, raised))
			}
		}
		if r.managementError != nil {
			r.release = releaseOf(n.version)
		}
	}
	r.losses = losses
	now := time.Now()
	grew := r.unroutable.observe(losses, now)
	if r.unroutable.exchanges == nil || now.Sub(r.unroutable.grewAt) < counterLag {
		r.readExchanges(ctx)
	}
	if grew && r.managementError == nil {
		r.definedAt = time.Time{} // a binding may have been removed
	}
	if r.managementError != nil {
		r.alarms = alarms
	}
}

// readNode reads the metrics of one node.
func (r *reader) readNode(ctx context.Context, address string) (*nodeMetrics, error) {
	n := &nodeMetrics{losses: map[lossKey]signal.Count{}, alarms: map[string]bool{}}
	err := r.client.metrics(ctx, address, "rabbitmq_", func(s *sample) bool {
		name := strings.TrimSuffix(string(s.name), "_total")
		var into lossKey
		switch name {
		case "identity_info":
			n.name = s.label("rabbitmq_node")
		case "build_info":
			n.version = s.label("rabbitmq_version")
		case "erlang_uptime_seconds":
			v, ok := s.value()
			n.uptime = time.Duration(v * float64(time.Second))
			return ok
		case "alarms_memory_used_watermark":
			v, ok := s.value()
			n.alarms[memory] = v > 0
			return ok
		case "alarms_free_disk_space_watermark":
			v, ok := s.value()
			n.alarms[disk] = v > 0
			return ok
		case "global_messages_unroutable_dropped", "global_messages_unroutable_returned":
			into.reason = strings.TrimPrefix(name, "global_messages_")
		default:
			reason, ok := strings.CutPrefix(name, "global_messages_dead_lettered_")
			if ok && s.label("dead_letter_strategy") == "disabled" {
				into = lossKey{reason, strings.TrimSuffix(strings.TrimPrefix(s.label("queue_type"), "rabbit_"), "_queue")}
			}
		}
		if into.reason == "" {
			return true
		}
		v, ok := s.count()
		n.losses[into] += max(0, v)
		return ok
	})
	return n, err
}

// lossesOf returns the loss counters of a node in a stable order.
func (r *reader) lossesOf(n *nodeMetrics) []signal.BrokerLoss {
	var losses []signal.BrokerLoss
	for key, count := range n.losses {
		losses = append(losses, signal.BrokerLoss{System: signal.RabbitMQ, Cluster: r.config.Name, Node: n.name, Reason: key.reason, QueueType: key.queueType, Messages: count, Uptime: n.uptime})
	}
	slices.SortFunc(losses, func(a, b signal.BrokerLoss) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.QueueType, b.QueueType))
	})
	return losses
}
