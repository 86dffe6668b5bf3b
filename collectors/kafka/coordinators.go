package kafka

import (
	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// keepCoordinators keeps each group at one broker. While a group moves, and while a broker
// that was cut off does not know yet that it did, two brokers list it, and one of them has
// old commits.
func (r *reading) keepCoordinators() {
	at := map[string]int{}
	for _, groups := range r.groups {
		for _, g := range groups {
			at[g.name]++
		}
	}
	for name, brokers := range at {
		if brokers == 1 {
			continue
		}
		coordinator := r.coordinator(name)
		kept := false
		for id, groups := range r.groups {
			left := groups[:0]
			for _, g := range groups {
				if g.name != name || id == coordinator {
					left = append(left, g)
				}
				kept = kept || g.name == name && id == coordinator
			}
			r.groups[id] = left
		}
		if !kept {
			r.missing.Add("group "+name, "two brokers list it and neither is its coordinator now")
		}
	}
}

// coordinator asks which broker coordinates a group; -1 where no broker says.
func (r *reading) coordinator(group string) int32 {
	for _, n := range r.cluster.Contacts() {
		answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.FindCoordinatorResponse, error) {
			return b.FindCoordinator(&sarama.FindCoordinatorRequest{
				Version:        client.Pick(r.cluster.Version(), client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V0_11_0_0, Version: 1}),
				CoordinatorKey: group, CoordinatorType: sarama.CoordinatorGroup,
			})
		})
		if err == nil && answer.Err == sarama.ErrNoError && answer.Coordinator != nil {
			return answer.Coordinator.ID()
		}
	}
	return -1
}
