package kafka

import (
	"strings"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// describeClassic reads the members of groups of the classic protocol.
func (r *reading) describeClassic(n *client.Node, groups []*group) {
	request := &sarama.DescribeGroupsRequest{Version: r.describeVersion(), Groups: namesOf(groups)}
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.DescribeGroupsResponse, error) {
		return b.DescribeGroups(request)
	})
	if err != nil {
		r.brokerMissing(n, err)
		return
	}
	keepDescribed(r, "members of group ", groups, answer.Groups, func(d **sarama.GroupDescription) (string, sarama.KError) {
		return (*d).GroupId, (*d).Err
	}, func(g *group, d **sarama.GroupDescription) { r.keepClassic(g, *d) })
}

func (r *reading) describeVersion() int16 {
	return client.Pick(r.cluster.Version(), client.Step{Since: sarama.V2_4_0_0, Version: 5}, client.Step{Since: sarama.V2_3_0_0, Version: 3}, client.Step{Since: sarama.V2_0_0_0, Version: 2}, client.Step{Since: sarama.V1_1_0_0, Version: 1})
}

func (r *reading) keepClassic(g *group, d *sarama.GroupDescription) {
	g.state, g.protocol = d.State, d.ProtocolType
	if len(d.Members) == 0 && (d.State == stateEmpty || d.State == stateDead) {
		g.noMembers()
		return
	}
	g.members = len(d.Members)
	// Only a stable group has complete assignments.
	g.assigned = d.State == stateStable && d.ProtocolType == consumerProtocol
	g.subscribed = g.assigned
	for _, m := range d.Members {
		g.addMember(m.MemberId)
		assigned, err := m.GetMemberAssignment()
		if err != nil {
			g.assigned, g.subscribed = false, false // a client's own format
			continue
		}
		if assigned != nil {
			for topic, partitions := range assigned.Topics {
				r.own(g, topic, partitions)
			}
		}
		subscribed, err := m.GetMemberMetadata()
		if err != nil || subscribed == nil {
			g.subscribed = false
			continue
		}
		for _, topic := range subscribed.Topics {
			r.subscribe(g, topic)
		}
	}
}

// describeConsumer reads the members of KIP-848 groups. The classic request returns them
// as dead.
func (r *reading) describeConsumer(n *client.Node, groups []*group) {
	request := sarama.NewConsumerGroupDescribeRequest(r.cluster.Version())
	request.GroupIDs = namesOf(groups)
	answer, err := client.Ask(r.ctx, n, func(b *sarama.Broker) (*sarama.ConsumerGroupDescribeResponse, error) {
		return b.ConsumerGroupDescribe(request)
	})
	if err != nil {
		r.notDescribed(n, groups, err, nil)
		return
	}
	keepDescribed(r, "members of group ", groups, answer.Groups, func(d *sarama.ConsumerGroupDescription) (string, sarama.KError) {
		return d.GroupID, d.ErrorCode
	}, r.keepConsumer)
}

func (r *reading) keepConsumer(g *group, d *sarama.ConsumerGroupDescription) {
	g.state = d.GroupState
	g.members = len(d.Members)
	g.assigned, g.subscribed = true, true
	for i := range d.Members {
		m := &d.Members[i]
		g.addMember(m.MemberID)
		// The target assignment counts, too: while partitions move from one member to
		// another, no member owns them for a moment.
		owned := map[string][]int32{}
		for _, list := range [][]sarama.ConsumerGroupTopicPartitions{m.Assignment.TopicPartitions, m.TargetAssignment.TopicPartitions} {
			for _, tp := range list {
				name := tp.TopicName
				if i, ok := r.byID[tp.TopicID]; name == "" && ok {
					name = r.topics[i].name
				}
				owned[name] = append(owned[name], tp.Partitions...)
			}
		}
		for topic, partitions := range owned {
			r.own(g, topic, partitions)
		}
		for _, topic := range m.SubscribedTopicNames {
			r.subscribe(g, topic)
		}
	}
}

// groupReason says why a group could not be read.
func groupReason(err sarama.KError) string {
	switch err {
	case sarama.ErrGroupAuthorizationFailed:
		return notAuthorized
	case sarama.ErrNotCoordinatorForConsumer:
		return "the coordinator is moving"
	case sarama.ErrConsumerCoordinatorNotAvailable:
		return "the coordinator is not available"
	case sarama.ErrOffsetsLoadInProgress:
		return "the coordinator is loading"
	}
	return strings.TrimPrefix(err.Error(), "kafka server: ")
}
