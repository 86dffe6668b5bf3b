package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestGroupThatTwoBrokersListIsReportedOnce: a broker that was cut off from the others still
// lists a group that another one coordinates by now.
func TestGroupThatTwoBrokersListIsReportedOnce(t *testing.T) {
	s := serve(t, kfake.NumBrokers(3), kfake.SeedTopics(1, "orders"))
	produce(t, s.client(), order("orders", 0, "o-1"), order("orders", 0, "o-2"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 1})
	s.ControlKey(int16(kmsg.ListGroups), func(req kmsg.Request) (kmsg.Response, error, bool) {
		s.KeepControl()
		resp := req.ResponseKind().(*kmsg.ListGroupsResponse)
		one := kmsg.NewListGroupsResponseGroup()
		one.Group, one.GroupState, one.GroupType = "billing", "Empty", "classic"
		resp.Groups = append(resp.Groups, one)
		return resp, nil, true
	})
	r := watch(t, s.settings())
	for range 3 {
		report := readWhole(t, r)
		if q := mustQueue(t, report, "orders", "billing"); len(report.Queues) != 1 || q.Ready != 1 {
			t.Fatalf("got\n%s", show(report))
		}
	}
}
