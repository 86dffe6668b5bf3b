package kafka_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lostorder/lostorder/internal/signal"
)

// throttles has the broker throttle the next request for commits.
func (s *server) throttles(pause time.Duration) {
	s.ControlKey(int16(kmsg.OffsetFetch), func(request kmsg.Request) (kmsg.Response, error, bool) { //nolint:revive // the order that kfake wants
		answer := request.ResponseKind().(*kmsg.OffsetFetchResponse)
		answer.ThrottleMillis = int32(pause.Milliseconds())
		for _, g := range request.(*kmsg.OffsetFetchRequest).Groups {
			answer.Groups = append(answer.Groups, kmsg.OffsetFetchResponseGroup{Group: g.Group})
		}
		return answer, nil, true
	})
}

// warnsOfAQuota reports whether a report shows that a quota slows it down.
func warnsOfAQuota(r signal.Report) bool {
	return strings.Contains(strings.Join(r.Warnings, " "), "throttles this user by a quota")
}

func TestQuotaIsHeededAndShown(t *testing.T) {
	const pause = 500 * time.Millisecond
	s := serve(t, kfake.SeedTopics(1, "orders"))
	commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
	r := watch(t, s.settings())
	if report := readWhole(t, r); warnsOfAQuota(report) {
		t.Fatalf("without a quota: got %q", report.Warnings)
	}
	s.throttles(pause)
	began := time.Now()
	report := readWhole(t, r)
	if took := time.Since(began); took < pause || !warnsOfAQuota(report) {
		t.Errorf("the reading took %s and warns %q", took, report.Warnings)
	}
	if report := readWhole(t, r); warnsOfAQuota(report) {
		t.Errorf("afterwards: got %q", report.Warnings)
	}
}

// TestLongThrottleNeitherHangsNorStays has a broker ask for a pause far beyond the timeout.
func TestLongThrottleNeitherHangsNorStays(t *testing.T) {
	for name, pause := range map[string]time.Duration{
		"longer than a request may take":        10 * time.Hour,
		"longer than what is left of a reading": 1900 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, kfake.SeedTopics(1, "orders"))
			commit(t, s.client(), "billing", "orders", map[int32]int64{0: 0})
			r := watch(t, s.settings("timeout: 4s"))
			readWhole(t, r)
			s.throttles(pause)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var report signal.Report
			ended := make(chan error, 1)
			go func() { ended <- r.Read(ctx, &report) }()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), "quota") {
					t.Errorf("got %v", err)
				}
			case <-time.After(patience):
				t.Fatal("the reading hangs")
			}
			if q := mustQueue(t, readWhole(t, r), "orders", "billing"); q.Partitions[0].End != 0 {
				t.Errorf("afterwards: got %+v", q)
			}
		})
	}
}
