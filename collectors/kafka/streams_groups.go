package kafka

import (
	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// describeStreams reads the members of streams groups (KIP-1071). Their commits are those of
// any group.
func (r *reading) describeStreams(n *client.Node, groups []*group) {
	request := kmsg.NewPtrStreamsGroupDescribeRequest()
	request.Groups = namesOf(groups)
	answer, err := client.Request[*kmsg.StreamsGroupDescribeResponse](r.ctx, n, request)
	if err != nil {
		r.notDescribed(n, groups, err, r.warnStreams)
		return
	}
	keepDescribed(r, "members of group ", groups, answer.Groups, func(d *kmsg.StreamsGroupDescribeResponseGroup) (string, sarama.KError) {
		return d.Group, sarama.KError(d.ErrorCode)
	}, r.keepStreams)
}

// keepStreams keeps the members of a streams group. An active task reads one partition of
// each source topic of its subtopology; standby and warm-up tasks only copy its state.
func (r *reading) keepStreams(g *group, d *kmsg.StreamsGroupDescribeResponseGroup) {
	g.state, g.members = d.State, len(d.Members)
	sources := map[string][]string{}
	// Without its topology nothing is known of what the members read.
	g.assigned, g.subscribed = d.Topology != nil, d.Topology != nil
	if d.Topology != nil {
		for i := range d.Topology.Subtopologies {
			s := &d.Topology.Subtopologies[i]
			topics := s.SourceTopics
			for j := range s.RepartitionSourceTopics {
				topics = append(topics, s.RepartitionSourceTopics[j].Topic)
			}
			sources[s.SubtopologyID] = topics
			g.subscribed = g.subscribed && len(topics) > 0
		}
	}
	for i := range d.Members {
		m := &d.Members[i]
		g.addMember(m.MemberID)
		// The target assignment counts, too: while a task moves, no member owns it for a moment.
		owned := map[string][]int32{}
		for _, tasks := range [][]kmsg.TaskIDs{m.Assignment.ActiveTasks, m.TargetAssignment.ActiveTasks} {
			for _, task := range tasks {
				for _, topic := range sources[task.SubtopologyID] {
					owned[topic] = append(owned[topic], task.Partitions...)
				}
			}
		}
		for topic, partitions := range owned {
			r.own(g, topic, partitions)
		}
		for _, topics := range sources {
			for _, topic := range topics {
				r.subscribe(g, topic)
			}
		}
	}
}
