//go:build integration

package kafka_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestRealShareGroupIsRead(t *testing.T) {
	shareGroupIsRead(t, open(t, 1), []string{address(t, "KAFKA_ADDR")})
}

// streamsMember is a member of a streams group that processes nothing.
type streamsMember struct {
	client    *kgo.Client
	heartbeat *kmsg.StreamsGroupHeartbeatRequest
}

// joinStreams joins a streams group, whose topology reads one topic.
func joinStreams(t *testing.T, c *kgo.Client, group, topic string) *streamsMember {
	t.Helper()
	request := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	request.Group, request.MemberID, request.ProcessID = group, group+"-member", new(group+"-process")
	request.RebalanceTimeoutMillis = 60_000
	sub := kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology()
	sub.SubtopologyID, sub.SourceTopics = "0", []string{topic}
	topology := kmsg.NewStreamsGroupHeartbeatRequestTopology()
	topology.Subtopologies = append(topology.Subtopologies, sub)
	request.Topology = &topology
	request.ActiveTasks, request.StandbyTasks, request.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	request.ClientTags = []kmsg.StreamsGroupHeartbeatRequestClientTag{}
	m := &streamsMember{c, request}
	for range 100 {
		answer := m.beat(t)
		request.Topology, request.ProcessID, request.ClientTags = nil, nil, nil
		request.MemberEpoch, request.RebalanceTimeoutMillis = answer.MemberEpoch, -1
		request.ActiveTasks, request.StandbyTasks, request.WarmupTasks = nil, nil, nil
		if len(answer.ActiveTasks) > 0 {
			request.ActiveTasks, request.StandbyTasks, request.WarmupTasks = answer.ActiveTasks, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
			m.beat(t)
			return m
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the member got no task")
	return nil
}

func (m *streamsMember) beat(t *testing.T) *kmsg.StreamsGroupHeartbeatResponse {
	t.Helper()
	answer, err := m.heartbeat.RequestWith(within(t), m.client.Broker(1)) // the only one
	if err != nil || answer.ErrorCode != 0 {
		t.Fatalf("heartbeat of a streams group: %v, %+v", err, answer)
	}
	return answer
}

func (m *streamsMember) leave(t *testing.T) {
	t.Helper()
	m.heartbeat.MemberEpoch = -1
	m.beat(t)
}

func TestRealStreamsGroupHasItsMembers(t *testing.T) {
	s := open(t, 2)
	produce(t, s.client, order(s.topic, 0, "o-1"), order(s.topic, 0, "o-2"), order(s.topic, 1, "o-3"))
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(88, 0) // StreamsGroupHeartbeat, which the client does not list
	m := joinStreams(t, client(t, []string{address(t, "KAFKA_ADDR")}, kgo.MaxVersions(versions)), s.topic, s.topic)
	r := watch(t, s.watched(t, address(t, "KAFKA_ADDR"), "granularity: partition"))
	q := mustQueue(t, until(t, r, "a member", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return ok && q.Consumers == 1
	}), s.topic, s.topic)
	if q.Uncommitted != 3 || q.Partitions[0].Assignment != signal.Assigned || q.Partitions[1].Assignment != signal.Assigned {
		t.Errorf("got %+v", q)
	}
	report := readWhole(t, r)
	if slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.Contains(w, "streams") }) {
		t.Errorf("got warnings %v", report.Warnings)
	}
	m.leave(t)
	until(t, r, "no member", func(r signal.Report) bool {
		q, ok := queueOf(r, s.topic, s.topic)
		return !ok || q.Consumers == 0
	})
}

func TestRealShareGroupsAreDecided(t *testing.T) {
	shareGroupsAreDecided(t, open(t, 1), []string{address(t, "KAFKA_ADDR")})
}
