package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestReportCarriesTheClusterID: another cluster may answer at the same address later,
// and its counters do not continue the old ones.
func TestReportCarriesTheClusterID(t *testing.T) {
	s := serve(t, kfake.ClusterID("first"), kfake.SeedTopics(1, "orders"))
	other := serve(t, kfake.ClusterID("second"), kfake.SeedTopics(1, "orders"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	r := watch(t, s.settings())
	for range 2 {
		if report := readWhole(t, r); report.Identity != "first" {
			t.Errorf("got\n%s", show(report))
		}
	}
	if report := readWhole(t, watch(t, other.settings())); report.Identity != "second" {
		t.Errorf("got\n%s", show(report))
	}
	s.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListGroups}, Err: kerr.CoordinatorLoadInProgress, Count: 1})
	if report, err := read(t, r); err == nil || report.Identity != "first" {
		t.Errorf("when part of it is missing: %v\n%s", err, show(report))
	}
}
