package kafka

import (
	"errors"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka/client"
)

// describeStreams reads the members of streams groups (KIP-1071). Their commits are those of
// any group.
func (r *reading) describeStreams(n *client.Node, groups []*group) {
	request := kmsg.NewPtrStreamsGroupDescribeRequest()
	named := make(map[string]*group, len(groups))
	for _, g := range groups {
		request.Groups = append(request.Groups, g.name)
		named[g.name] = g
	}
	answer, err := client.Request[*kmsg.StreamsGroupDescribeResponse](r.ctx, n, request)
	switch {
	case errors.Is(err, sarama.ErrUnsupportedVersion):
		for _, g := range groups {
			r.warnStreams(g.name)
		}
		return
	case err != nil:
		r.brokerMissing(n, err)
		return
	}
	for i := range answer.Groups {
		described := &answer.Groups[i]
		g := named[described.Group]
		switch {
		case g == nil:
		case described.ErrorCode != 0:
			r.missing.Add("members of group "+g.name, groupReason(sarama.KError(described.ErrorCode)))
		default:
			r.keepStreams(g, described)
		}
	}
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
