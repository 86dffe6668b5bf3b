package kafka_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestManyGroupsAndPartitionsAreRead needs several requests of each kind, two at a time,
// also when the connection ends during both.
func TestManyGroupsAndPartitionsAreRead(t *testing.T) {
	const groups, partitions = 70, 6000
	s := serve(t, kfake.SeedTopics(partitions, "wide"))
	c := s.client()
	produce(t, c, order("wide", 0, "o-1"), order("wide", partitions-1, "o-2"))
	for i := range groups {
		commit(t, c, fmt.Sprintf("group-%02d", i), "wide", map[int32]int64{0: int64(i % 2), partitions - 1: 0})
	}
	r := watch(t, s.settings())
	asked := 0
	for _, cut := range []int{0, 1, 3, 4} { // the first request that finds the connection gone
		if cut > 0 {
			asked = 0
			s.ControlKey(int16(kmsg.OffsetFetch), func(kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the order that kfake wants
				asked++
				if asked < cut {
					return nil, nil, false
				}
				return nil, errors.New("the connection ends"), true
			})
		}
		report := readWhole(t, r)
		if len(report.Queues) != groups {
			t.Fatalf("cut at %d: %d groups", cut, len(report.Queues))
		}
		for i, q := range report.Queues {
			if len(q.Partitions) != 2 || q.Partitions[1].ID != partitions-1 || q.Partitions[1].Lag() != 1 || q.Partitions[0].Lag() != int64(1-i%2) {
				t.Fatalf("cut at %d: %s has %+v", cut, q.Group, q.Partitions)
			}
		}
		if cut > 0 && asked < cut {
			t.Errorf("the connection was not cut: %d requests", asked)
		}
	}
}
