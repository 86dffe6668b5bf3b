package rabbitmq_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

const deaths = `[
	{"payload":"e","properties":{"message_id":"o-1","correlation_id":"c-1","headers":{"order":17,"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","x-death":[{"reason":"rejected","queue":"orders","count":1,"time":1760000000},{"reason":"expired","queue":"older"}]}}},
	{"payload":"e","properties":{"message_id":"o-2\u0007","headers":{"x-death":[{"reason":"expired","queue":"orders","time":1760000005}]}}},
	{"payload":"e","properties":{"message_id":"o-3","headers":{"x-death":[{"reason":"rejected","queue":"orders","time":1760000009}]}}},
	{"payload":"e","properties":[]}]`

func TestSampleReportsReasonsAndOrders(t *testing.T) {
	for name, test := range map[string]struct {
		orderID string
		want    []string
	}{
		"no ids":              {"", nil},
		"by message id":       {"order_id: message_id", []string{"o-3", "o-1"}},
		"by correlation id":   {"order_id: correlation_id", []string{"c-1"}},
		"by a header of ours": {"order_id: header:order", []string{"17"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set("/api/queues/%2F/failed/get", deaths)
			r, err := read(t, settings(t, f.URL, "peek: true", test.orderID))
			if err != nil || len(r.DeadLetters) != 1 {
				t.Fatalf("got %v %+v", err, r.DeadLetters)
			}
			d := r.DeadLetters[0]
			var got []string
			for _, o := range d.Sample {
				got = append(got, o.ID)
			}
			if !slices.Equal(got, test.want) || !slices.Equal(d.Reasons, []string{"2 rejected from orders", "1 expired from orders"}) {
				t.Errorf("got %q, %q", got, d.Reasons)
			}
			if test.orderID == "order_id: message_id" && (d.Sample[1].TraceID == "" || d.Sample[1].Since != 1760000000_000) {
				t.Errorf("got %+v", d.Sample)
			}
		})
	}
}

// TestSampleIsNotTakenWhereItDoesHarm: if it would, or the config does not allow it, no request is made.
func TestSampleIsNotTakenWhereItDoesHarm(t *testing.T) {
	const failed = `[{"vhost":"/","name":"orders","type":"classic","arguments":{"x-dead-letter-exchange":"dlx"}},{"vhost":"/","name":"failed","type":"KIND","arguments":{}}]`
	for name, test := range map[string]struct {
		setting string
		change  func(f *fake)
		asks    bool
	}{
		"a classic queue that nobody reads": {"peek: true", func(*fake) {}, true},
		"nobody allowed it":                 {"", func(*fake) {}, false},
		"somebody reads the queue": {"peek: true\n    roles: [{queues: failed, role: dead_letter}]", func(f *fake) {
			f.set("/metrics/detailed", strings.ReplaceAll(detailed, `consumers{vhost="/",queue="failed"} 0`, `consumers{vhost="/",queue="failed"} 1`))
		}, false},
		"it is empty": {"peek: true", func(f *fake) {
			f.set("/metrics/detailed", strings.ReplaceAll(detailed, `ready{vhost="/",queue="failed"} 2`, `ready{vhost="/",queue="failed"} 0`))
		}, false},
		"a stream":              {"peek: true", func(f *fake) { f.set("/api/queues", strings.ReplaceAll(failed, "KIND", "stream")) }, false},
		"a quorum queue of 4.3": {"peek: true", func(f *fake) { f.set("/api/queues", strings.ReplaceAll(failed, "KIND", "quorum")) }, true},
		"a quorum queue whose delivery limit would count the look": {"peek: true", func(f *fake) {
			f.set("/api/queues", strings.ReplaceAll(failed, "KIND", "quorum"))
			f.set("/api/overview", `{"rabbitmq_version":"4.2.1"}`)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set("/api/queues/%2F/failed/get", deaths)
			test.change(f)
			r, err := read(t, settings(t, f.URL, test.setting))
			if err != nil || !slices.ContainsFunc(r.DeadLetters, func(d signal.DeadLetterQueue) bool { return d.Destination == "failed" }) {
				t.Fatalf("got %v %+v", err, r.DeadLetters)
			}
			if asked := slices.Contains(f.asked, "POST /api/queues/%2F/failed/get"); asked != test.asks {
				t.Errorf("asked %q", f.asked)
			}
		})
	}
}
