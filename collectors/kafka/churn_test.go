package kafka_test

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
)

// TestTopicsAndGroupsThatComeAndGoLeaveNothingBehind: ten thousand topics, each with a group, are
// created and deleted.
func TestTopicsAndGroupsThatComeAndGoLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	const perReading, readings = 50, 200
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client()
	reader := watch(t, s.settings())
	most, last := 0, 0
	for round := range readings {
		var names []string
		for i := range perReading {
			names = append(names, fmt.Sprintf("reply-%d", round*perReading+i))
		}
		createTopic(t, c, 1, names...)
		for _, name := range names {
			commit(t, c, "group-"+name, name, map[int32]int64{0: 0})
		}
		if r, err := read(t, reader); err != nil || len(r.Queues) < perReading {
			t.Fatalf("reading %d has %d queues, error %v", round, len(r.Queues), err)
		}
		remove := kmsg.NewPtrDeleteTopicsRequest()
		forget := kmsg.NewPtrDeleteGroupsRequest()
		for _, name := range names {
			topic := kmsg.NewDeleteTopicsRequestTopic()
			topic.Topic = new(name)
			remove.Topics, remove.TopicNames = append(remove.Topics, topic), append(remove.TopicNames, name)
			forget.Groups = append(forget.Groups, "group-"+name)
		}
		if _, err := forget.RequestWith(within(t), c); err != nil {
			t.Fatal(err)
		}
		if _, err := remove.RequestWith(within(t), c); err != nil {
			t.Fatal(err)
		}
		last = kafka.Remembered(reader)
		most = max(most, last)
	}
	// Of each name a topic and a queue are kept, for a while.
	if bound := 2*(kafka.ForgetAfter+5)*perReading + 100; most > bound {
		t.Errorf("kept up to %d names, want at most %d", most, bound)
	}
	t.Logf("kept up to %d names, %d at the end", most, last)
}
