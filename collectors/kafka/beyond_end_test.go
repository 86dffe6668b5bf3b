package kafka_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// warns reports whether a warning contains all of the texts.
func warns(r signal.Report, texts ...string) bool {
	return slices.ContainsFunc(r.Warnings, func(warning string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(warning, text) })
	})
}

// commitBeyondEnd writes 20 messages, commits 1,000, and checks the warning.
func commitBeyondEnd(t *testing.T, c *kgo.Client, cfg func(...string) signalReader, topic string) {
	t.Helper()
	for range 20 {
		produce(t, c, order(topic, 0, "o-1"))
	}
	commit(t, c, "beyond-"+topic, topic, map[int32]int64{0: 1000})
	commit(t, c, "at-"+topic, topic, map[int32]int64{0: 20})
	r := cfg()
	report := until(t, r, "a warning", func(r signal.Report) bool { return warns(r, "beyond the end") })
	if !warns(report, "group beyond-"+topic, "topic "+topic, "offset 1000 on partition 0, whose log ends at 20", "skips the next 980 messages") {
		t.Errorf("got\n%s", show(report))
	}
	if q := mustQueue(t, report, topic, "beyond-"+topic); q.Ready != signal.Unknown || q.Partitions[0].Committed != 1000 || q.Partitions[0].End != 20 {
		t.Errorf("the backlog is called known: got\n%s", show(report))
	}
	if q := mustQueue(t, report, topic, "at-"+topic); q.Ready != 0 || warns(report, "group at-"+topic) {
		t.Errorf("a commit at the end is called beyond it: got\n%s", show(report))
	}
	produce(t, c, order(topic, 0, "o-1"))
	until(t, r, "fewer that are skipped", func(r signal.Report) bool { return warns(r, "skips the next 979 messages") })
	commit(t, c, "beyond-"+topic, topic, map[int32]int64{0: 5})
	report = until(t, r, "no warning after a reset", func(r signal.Report) bool { return !warns(r, "beyond the end") })
	if q := mustQueue(t, report, topic, "beyond-"+topic); q.Ready != 16 {
		t.Errorf("got\n%s", show(report))
	}
}

func TestCommitBeyondTheLogEndIsAWarning(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	commitBeyondEnd(t, s.client(), func(lines ...string) signalReader { return watch(t, s.settings(lines...)) }, "orders")
}

// TestCommitBeyondTheLogEndNeedsTwoReadings: after a leader election the end may be older
// for a moment.
func TestCommitBeyondTheLogEndNeedsTwoReadings(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	c := s.client()
	commit(t, c, "billing", "orders", map[int32]int64{0: 3})
	r := watch(t, s.settings())
	if report := readWhole(t, r); warns(report, "beyond the end") || mustQueue(t, report, "orders", "billing").Ready != 0 {
		t.Errorf("got\n%s", show(report))
	}
	for range 3 {
		produce(t, c, order("orders", 0, "o-1"))
	}
	if report := readWhole(t, r); warns(report, "beyond the end") {
		t.Errorf("got\n%s", show(report))
	}
}
