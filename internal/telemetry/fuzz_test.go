package telemetry_test

import (
	"errors"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// FuzzExposition writes any names and numbers, and has Prometheus's own parsers read each
// format.
func FuzzExposition(f *testing.F) {
	f.Add("orders", "billing", "placed", int64(17), 0.5)
	f.Add("a\"b\\c\nd}", "{\xff", "\x00", int64(math.MaxInt64), math.NaN())
	f.Add("", "\u202e", "# EOF", int64(-1), math.Inf(1))
	f.Fuzz(func(t *testing.T, destination, group, state string, count int64, part float64) {
		q := signal.NewQueue(signal.QueueID{System: signal.Kafka, Cluster: "main", Destination: destination, Group: group})
		q.Ready, q.Published, q.Utilisation = signal.Count(count), signal.Count(count), part
		q.Oldest = since(time.Hour)
		snapshot := &watch.Snapshot{Version: 1, Ready: true, Targets: []watch.Target{{
			ID: signal.TargetID{Collector: "kafka", Target: "main"}, Interval: time.Minute, Up: true, Attempt: noon, Success: noon,
			Reading: &signal.Report{At: noon, Queues: []signal.Queue{q}, Lifecycles: []signal.Lifecycle{{Name: "order", Database: "shop", States: []signal.State{{Name: state, Orders: signal.Count(count)}}}}},
		}}}
		e := exporter(&snapshot)
		for format, accept := range accepts {
			response := get(t, e.Handler(), http.MethodGet, accept, "")
			body := plain(t, response)
			p, err := textparse.New(body, response.Header.Get("Content-Type"), "", false, false, false, labels.NewSymbolTable())
			if p == nil {
				t.Fatalf("%s: %v", format, err)
			}
			series := map[string]bool{}
			for {
				entry, err := p.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if entry != textparse.EntrySeries {
					continue
				}
				var l labels.Labels
				p.Labels(&l)
				if series[l.String()] {
					t.Errorf("%s: %s is there twice", format, l)
				}
				series[l.String()] = true
			}
			if len(series) < 5 {
				t.Errorf("%s has %d series", format, len(series))
			}
		}
	})
}
