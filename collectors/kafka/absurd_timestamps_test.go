package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lostorder/lostorder/internal/signal"
)

// absurdTimestamps are those of producers that set none, or set it in another unit.
var absurdTimestamps = map[string]time.Time{
	"zero":         time.UnixMilli(0),
	"in seconds":   time.UnixMilli(time.Now().Unix()),
	"of 1990":      time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
	"a bit ahead":  time.Now().Add(30 * time.Minute),
	"of yesterday": time.Now().Add(-24 * time.Hour), // which is none of them
}

// neverAnAge writes a message with each timestamp to a topic of its own, and checks that no
// absurd one becomes the age of the head.
func neverAnAge(t *testing.T, c *kgo.Client, open func() signalReader, topics map[string]string) {
	t.Helper()
	for name, at := range absurdTimestamps {
		produce(t, c, orderAt(topics[name], 0, "o-1", at), orderAt(topics[name], 0, "o-2", at))
		commit(t, c, "billing", topics[name], map[int32]int64{0: 0})
	}
	r := open()
	for range 4 {
		report := readWhole(t, r)
		for name := range absurdTimestamps {
			age := mustQueue(t, report, topics[name], "billing").Oldest
			old := age.At(signal.InstantOf(time.Now()))
			if name == "of yesterday" {
				if old < 23*time.Hour {
					t.Errorf("%s: the age is %s", name, old)
				}
				continue
			}
			if old < 0 || old > time.Hour {
				t.Errorf("%s: the age is %s (%s)", name, old, age.Bound)
			}
		}
	}
}

func TestAbsurdTimestampsAreNoAges(t *testing.T) {
	topics := map[string]string{"zero": "a", "in seconds": "b", "of 1990": "c", "a bit ahead": "d", "of yesterday": "e"}
	s := serve(t, kfake.SeedTopics(1, "a", "b", "c", "d", "e"))
	neverAnAge(t, s.client(), func() signalReader { return watch(t, s.settings()) }, topics)
}
