//go:build integration

package kafka_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealRequestsPerReadingOfFiftyGroupsWithMembers keeps how many requests a reading
// costs: half of the groups are classic, half are of KIP-848.
func TestRealRequestsPerReadingOfFiftyGroupsWithMembers(t *testing.T) {
	const groups, readings = 50, 4
	s := open(t, 4)
	for p := range int32(4) {
		produce(t, s.client, order(s.topic, p, "o-1"))
	}
	for i := range groups {
		var opts []kgo.Opt
		if i%2 > 0 {
			opts = append(opts, kgo.ServerSideBalancer())
		}
		one := s.member(t, fmt.Sprintf("%s-%02d", s.topic, i), opts...)
		consume(t, one, 4)
		if err := one.CommitUncommittedOffsets(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	r := watch(t, s.watched(t, address(t, "KAFKA_ADDR"), "groups: {include: '"+s.topic+".*'}"))
	all := func(r signal.Report) bool {
		n := 0
		for _, q := range r.Queues {
			if q.Group != "" && q.Consumers == 1 && q.Ready == 0 && q.Uncommitted == 0 && q.GroupState == "Stable" {
				n++
			}
		}
		return n == groups
	}
	until(t, r, "fifty groups that have processed everything", all)
	readWhole(t, r)
	before := kafka.Requests()
	for range readings {
		if report := readWhole(t, r); !all(report) {
			t.Errorf("got %+v", report.Queues)
		}
	}
	sum := uint64(0)
	var each []string
	for _, api := range slices.Sorted(maps.Keys(before)) {
		if n := kafka.Requests()[api] - before[api]; n > 0 {
			sum += n
			each = append(each, fmt.Sprintf("%s %d", api, n))
		}
	}
	t.Logf("%d readings: %s", readings, strings.Join(each, ", "))
	// ListGroups, twice ListOffsets, and OffsetFetch for 16 groups at a time. Metadata
	// makes it eight.
	if most := uint64(readings * 8); sum > most {
		t.Errorf("%d readings sent %d requests, want %d at most", readings, sum, most)
	}
}
