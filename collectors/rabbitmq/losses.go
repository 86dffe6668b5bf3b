package rabbitmq

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// readLosses reads what each node counts as dropped for all its queues together.
func (r *reader) readLosses(ctx context.Context, m *missing) {
	var all []signal.BrokerLoss
	for _, address := range r.config.prometheus() {
		text, err := r.client.text(ctx, address+"/metrics")
		var losses []signal.BrokerLoss
		if err == nil {
			losses, err = lossesOf(text, r.config.Name, host(address))
		}
		if err != nil {
			m.add("read losses of node "+host(address), err)
			continue
		}
		all = append(all, losses...)
	}
	r.losses = all
}

// lossesOf takes the counters of losses out of a node's metrics.
func lossesOf(text []byte, cluster, node string) ([]signal.BrokerLoss, error) {
	const prefix = "rabbitmq_"
	sums := map[string]signal.Count{}
	err := samples(text, prefix, func(s *sample) {
		name := strings.TrimPrefix(s.name, prefix)
		if name == "identity_info" {
			if known := s.label("rabbitmq_node"); known != "" {
				node = known
			}
			return
		}
		name, ok := strings.CutPrefix(name, "global_messages_")
		if !ok {
			return
		}
		name = strings.TrimSuffix(name, "_total")
		if reason, ok := strings.CutPrefix(name, "dead_lettered_"); ok && s.label("dead_letter_strategy") == "disabled" {
			sums[reason] += signal.Count(s.value)
		}
		if strings.HasPrefix(name, "unroutable_") {
			sums[name] += signal.Count(s.value)
		}
	})
	var losses []signal.BrokerLoss
	for reason, n := range sums {
		losses = append(losses, signal.BrokerLoss{System: signal.RabbitMQ, Cluster: cluster, Node: node, Reason: reason, Messages: n})
	}
	slices.SortFunc(losses, func(a, b signal.BrokerLoss) int { return cmp.Compare(a.Reason, b.Reason) })
	return losses, err
}
