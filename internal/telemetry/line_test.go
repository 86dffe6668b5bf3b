package telemetry_test

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// TestLinesAreThoseOfTheLibrary compares the bytes of a scrape with what the
// library makes of the same families.
func TestLinesAreThoseOfTheLibrary(t *testing.T) {
	s := full()
	s.Open = nil // its exemplar is on a metric that is another one in OpenMetrics
	r := &signal.Report{At: noon}
	for i, count := range []signal.Count{0, 1, 2, 10, 999_999, 1_000_000, 123_456_789, math.MaxInt32, 1 << 52, 1e15, 1e18} {
		q := signal.NewQueue(signal.QueueID{System: signal.SQS, Cluster: []string{"", `a"b`, `a\b`, "a\nb", "größe ☃", `\n"`}[i%6], Destination: strings.Repeat("x", i)})
		q.Ready, q.Published = count, count
		q.Oldest = since(time.Duration(1) << (2 * i) * time.Millisecond)
		r.Queues = append(r.Queues, q)
	}
	s.Targets = append(s.Targets, watch.Target{ID: signal.TargetID{Collector: "sqs", Target: "eu"}, Took: 1, Attempt: noon, Reading: r})
	e := exporter(&s)
	families, err := e.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for name, format := range map[string]expfmt.Format{"text": expfmt.FmtText, "openmetrics": expfmt.FmtOpenMetrics_1_0_0} {
		var all bytes.Buffer
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), "lostorder_") {
				if err := expfmt.NewEncoder(&all, format).Encode(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		want, got := series(all.Bytes()), series(plain(t, get(t, e.Handler(), http.MethodGet, accepts[name], "gzip")))
		if len(want) < 100 {
			t.Fatalf("%s: only %d series", name, len(want))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, ""), strings.Join(want, ""))
		}
	}
}

// series returns the lines of our own series, sorted.
func series(body []byte) (list []string) {
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "lostorder_") {
			list = append(list, line)
		}
	}
	slices.Sort(list)
	return list
}
