package kafka_test

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/collectors/kafka"
)

// TestRequestsAreCountedByAPI compares what the program counts with what the broker gets.
func TestRequestsAreCountedByAPI(t *testing.T) {
	s := serve(t, kfake.SeedTopics(2, "orders"))
	c := s.client()
	produce(t, c, order("orders", 0, "o-1"))
	commit(t, c, "billing", "orders", map[int32]int64{0: 0})
	c.Close()
	var got [128]atomic.Uint64
	s.Control(func(request kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the order that kfake wants
		s.KeepControl()
		got[request.Key()].Add(1)
		return nil, nil, false
	})
	r := watch(t, s.settings())
	before := kafka.Requests()
	for range 3 {
		readWhole(t, r)
	}
	counted := 0
	for api, n := range kafka.Requests() {
		n -= before[api]
		received := uint64(0)
		for key := range got {
			if kmsg.NameForKey(int16(key)) == api {
				received = got[key].Load()
			}
		}
		if n != received {
			t.Errorf("%s: %d are counted, and the broker received %d", api, n, received)
		}
		if n > 0 {
			counted++
		}
	}
	if counted < 5 {
		t.Errorf("requests of %d APIs are counted: %v", counted, kafka.Requests())
	}
}
