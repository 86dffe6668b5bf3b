package kafka_test

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

const offsetsTopic = "__consumer_offsets"

// offsetsShop is an embedded Kafka that does not write the offsets topic itself, and a group
// with commits up to 2 of 5 messages.
func offsetsShop(t *testing.T) (s *server, c *kgo.Client) {
	s = serve(t, kfake.SeedTopics(1, "orders", offsetsTopic))
	c = s.client()
	for range 5 {
		produce(t, c, order("orders", 0, "o-1"))
	}
	m := s.client(append(member("billing", "orders"), kgo.DisableAutoCommit())...)
	consume(t, m, 5)
	if err := m.CommitRecords(within(t), &kgo.Record{Topic: "orders", Offset: 1}); err != nil {
		t.Fatal(err)
	}
	m.CloseAllowingRebalance()
	return s, c
}

// reset sets the offset of the group as an operator does.
func reset(t *testing.T, c *kgo.Client, offset int64) {
	t.Helper()
	commit(t, c, "billing", "orders", map[int32]int64{0: offset})
	produce(t, c, &kgo.Record{
		Topic: offsetsTopic,
		Key:   (&kmsg.OffsetCommitKey{Version: 1, Group: "billing", Topic: "orders"}).AppendTo(nil),
		Value: (&kmsg.OffsetCommitValue{Version: 3, Offset: offset, LeaderEpoch: -1, CommitTimestamp: 1_700_000_000_000}).AppendTo(nil),
	})
}

func isEmpty(r signal.Report) bool {
	q, ok := queueOf(r, "orders", "billing")
	return ok && q.GroupState == "Empty"
}

// movesOf takes two readings and returns the moves in them.
func movesOf(t *testing.T, r signalReader) (moves []signal.OffsetMove) {
	t.Helper()
	for range 2 {
		moves = append(moves, mustQueue(t, readWhole(t, r), "orders", "billing").OffsetMoves...)
	}
	return moves
}

func TestMoveOfAnOffsetIsReportedOnceWithItsRange(t *testing.T) {
	s, c := offsetsShop(t)
	r := watch(t, s.settings("commits: {topic: true}", "order_id: key"))
	until(t, r, "an empty group", isEmpty)
	readWhole(t, r)
	reset(t, c, 5)
	moves := movesOf(t, r)
	if len(moves) != 1 || moves[0].From != 2 || moves[0].To != 5 || moves[0].By != signal.MovedByOutsider || !moves[0].Confirmed || len(moves[0].Sample) != 3 {
		t.Errorf("got %+v", moves)
	}
	if moves := movesOf(t, r); len(moves) > 0 {
		t.Errorf("reported again: %+v", moves)
	}
}

func TestMoveOfAnOffsetIsAFinding(t *testing.T) {
	s, c := offsetsShop(t)
	r := watch(t, s.settings("commits: {topic: true}", "order_id: key"))
	detector := detect.New()
	for i := range 5 {
		report := readWhole(t, r)
		report.TargetID, report.At, report.Interval = signal.TargetID{Collector: "kafka", Target: "main"}, time.Now(), time.Second
		detector.Observe(&report)
		if i == 2 {
			reset(t, c, 5)
		}
	}
	for _, f := range detector.Open() {
		if f.Mode == signal.MessageLost && f.Count == 3 && f.Subject.Group == "billing" && f.Severity == signal.Warning && slices.Contains(f.OrderIDs, "o-1") {
			return
		}
	}
	t.Errorf("open: %+v", detector.Open())
}

func TestMoveOverTransactionMarkersIsNone(t *testing.T) {
	s, c := offsetsShop(t)
	r := watch(t, s.settings("commits: {topic: true}"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 5})
	transaction(t, s.client(kgo.TransactionalID("tx")), kgo.TryAbort, order("orders", 0, "o-2"))
	until(t, r, "an empty group", isEmpty)
	readWhole(t, r)
	reset(t, c, 7)
	if moves := movesOf(t, r); len(moves) > 0 {
		t.Errorf("got %+v", moves)
	}
}

func TestOffsetThatAMirrorSyncsIsNoMove(t *testing.T) {
	s, c := offsetsShop(t)
	createTopic(t, c, 1, "west.checkpoints.internal")
	r := watch(t, s.settings("commits: {topic: true}"))
	until(t, r, "an empty group", isEmpty)
	readWhole(t, r)
	readWhole(t, r)
	reset(t, c, 5)
	if moves := movesOf(t, r); len(moves) > 0 {
		t.Errorf("got %+v", moves)
	}
}

func TestOffsetsTopicIsReadOnlyIfTheConfigSaysSo(t *testing.T) {
	s, c := offsetsShop(t)
	r := watch(t, s.settings())
	until(t, r, "an empty group", isEmpty)
	reset(t, c, 5)
	if moves := movesOf(t, r); len(moves) > 0 {
		t.Errorf("got %+v", moves)
	}
}

// TestMissedRecordsOfTheOffsetsTopicAreUnknown: what was missed is neither found nor called healthy.
func TestMissedRecordsOfTheOffsetsTopicAreUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		miss func(t *testing.T, s *server, c *kgo.Client)
		says string
	}{
		"READ is refused": {func(_ *testing.T, s *server, _ *kgo.Client) {
			s.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
				s.KeepControl()
				return refusedFetch(request.(*kmsg.FetchRequest))
			})
		}, "not authorized to read __consumer_offsets"},
		"the log is cut": {func(t *testing.T, _ *server, c *kgo.Client) {
			reset(t, c, 3)
			reset(t, c, 5)
			deleteRecords(t, c, offsetsTopic, 0, 2)
		}, "its log was cut"},
		"compaction removed records before they were read": {func(t *testing.T, s *server, c *kgo.Client) {
			// The embedded broker answers as if it had compacted the first two.
			reset(t, c, 3)
			reset(t, c, 4)
			reset(t, c, 5)
			s.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
				s.KeepControl()
				for _, topic := range request.(*kmsg.FetchRequest).Topics {
					if topic.Topic == offsetsTopic {
						topic.Partitions[0].FetchOffset = max(2, topic.Partitions[0].FetchOffset)
					}
				}
				return nil, nil, false
			})
		}, "removed before they were read"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := offsetsShop(t)
			r := watch(t, s.settings("commits: {topic: true}"))
			until(t, r, "an empty group", isEmpty)
			readWhole(t, r)
			test.miss(t, s, c)
			report := readWhole(t, r)
			if !warns(report, "commits.topic", test.says) {
				t.Errorf("got\n%s", show(report))
			}
			if moves := movesOf(t, r); len(moves) > 0 {
				t.Errorf("got %+v", moves)
			}
		})
	}
}

// TestOffsetsTopicIsFollowedAgainAfterItsLogWasCut: reading resumes at the end of the log.
func TestOffsetsTopicIsFollowedAgainAfterItsLogWasCut(t *testing.T) {
	s, c := offsetsShop(t)
	r := watch(t, s.settings("commits: {topic: true}"))
	until(t, r, "an empty group", isEmpty)
	readWhole(t, r)
	reset(t, c, 3)
	reset(t, c, 2)
	deleteRecords(t, c, offsetsTopic, 0, 2)
	readWhole(t, r)
	until(t, r, "no record is missed any more", func(report signal.Report) bool { return !warns(report, "commits.topic", "its log was cut") })
	readWhole(t, r) // knows again that the group is empty
	reset(t, c, 5)
	if moves := movesOf(t, r); len(moves) != 1 || moves[0].From != 2 || moves[0].To != 5 {
		t.Errorf("got %+v", moves)
	}
}

// refusedFetch refuses the offsets topic.
func refusedFetch(request *kmsg.FetchRequest) (kmsg.Response, error, bool) {
	answer := request.ResponseKind().(*kmsg.FetchResponse)
	for _, topic := range request.Topics {
		one := kmsg.NewFetchResponseTopic()
		one.Topic = topic.Topic
		for _, p := range topic.Partitions {
			part := kmsg.NewFetchResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
			one.Partitions = append(one.Partitions, part)
		}
		answer.Topics = append(answer.Topics, one)
	}
	return answer, nil, true
}

// TestOffsetsOfAGroupWithoutMembersExpire: the embedded broker has its own setting.
func TestOffsetsOfAGroupWithoutMembersExpire(t *testing.T) {
	s, _ := offsetsShop(t)
	s.ControlKey(int16(kmsg.DescribeConfigs), func(request kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		asked := request.(*kmsg.DescribeConfigsRequest)
		if asked.Resources[0].ResourceType != kmsg.ConfigResourceTypeBroker {
			return nil, nil, false
		}
		answer := request.ResponseKind().(*kmsg.DescribeConfigsResponse)
		one, kept := kmsg.NewDescribeConfigsResponseResource(), "60"
		one.ResourceType, one.ResourceName = kmsg.ConfigResourceTypeBroker, asked.Resources[0].ResourceName
		setting := kmsg.NewDescribeConfigsResponseResourceConfig()
		setting.Name, setting.Value = "offsets.retention.minutes", &kept
		one.Configs = append(one.Configs, setting)
		answer.Resources = append(answer.Resources, one)
		return answer, nil, true
	})
	r := watch(t, s.settings("commits: {topic: true}"))
	report := until(t, r, "an empty group", isEmpty)
	q := mustQueue(t, report, "orders", "billing")
	if left := time.Until(q.PositionUntil.Time()); q.PositionKept != time.Hour || left > time.Hour || left < time.Hour-patience {
		t.Errorf("kept for %s, %s left", q.PositionKept, left)
	}
	again := mustQueue(t, readWhole(t, r), "orders", "billing")
	if again.PositionUntil != q.PositionUntil {
		t.Errorf("was %s, is %s", q.PositionUntil.Time(), again.PositionUntil.Time())
	}
}
