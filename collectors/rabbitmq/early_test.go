package rabbitmq_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// interval is that of the readings in virtual time.
const interval = 15 * time.Second

// virtual is a fake that is reached through memory, in the time of its bubble. Each part of the
// definitions takes it a while.
type virtual struct {
	*fake
	t        *testing.T
	reader   collectors.Reader
	takes    time.Duration
	bindings string // all of them, at the beginning
	queues   string
}

func inVirtualTime(t *testing.T, takes time.Duration, test func(v *virtual)) {
	t.Helper()
	f := serve(t)
	synctest.Test(t, func(t *testing.T) {
		c := settings(t, f.URL)
		c.ConfigInterval = config.Duration(5 * time.Minute)
		v := &virtual{fake: f, t: t, reader: rabbitmq.NewReader(c), takes: takes, bindings: f.answers["/api/bindings"], queues: f.answers["/api/queues"]}
		rabbitmq.Transport(t, v.reader, v)
		defer func() { _ = v.reader.Close() }()
		test(v)
	})
}

// RoundTrip answers a request.
func (v *virtual) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/api/bindings") || strings.HasPrefix(r.URL.Path, "/api/queues") {
		time.Sleep(v.takes)
	}
	w := httptest.NewRecorder()
	v.answer(w, r)
	return w.Result(), nil
}

// next takes the reading that is due after an interval.
func (v *virtual) next() (r signal.Report) {
	v.t.Helper()
	time.Sleep(interval)
	if err := v.reader.Read(v.t.Context(), &r); err != nil {
		v.t.Fatal(err)
	}
	return r
}

// route is where the dead letters of a queue go.
func route(r signal.Report, queue string) signal.DeadLetteringRoute {
	if q := queueOf(r, queue); q != nil && q.Setup != nil {
		return q.Setup.DeadLettering.Route
	}
	return signal.RouteUnknown
}

// requests returns how many requests of a path were made.
func (v *virtual) requests(path string) (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, asked := range v.asked {
		if strings.HasPrefix(asked, "GET "+path) {
			n++
		}
	}
	return n
}

const boundToFailed = `[{"source":"dlx","vhost":"/","destination":"failed","destination_type":"queue","routing_key":"ord.#"}]`

// TestDefinitionsAreReadInTheReadingThatNeedsThem changes the definitions of a broker long before
// config_interval ends, one thing in each case.
func TestDefinitionsAreReadInTheReadingThatNeedsThem(t *testing.T) {
	const (
		policies = `[{"vhost":"/","pattern":"^failed$","apply-to":"all","priority":9,"definition":{"dead-letter-exchange":"dlx","dead-letter-routing-key":"ord.x"}}]`
		ofOrders = "/api/exchanges/%2F/dlx/bindings/source"
	)
	for name, tc := range map[string]struct {
		queue  string
		before func(v *virtual) // the first reading
		from   signal.DeadLetteringRoute
		change func(v *virtual)
		to     signal.DeadLetteringRoute
	}{
		"a queue is declared": {
			queue: "new", from: signal.RouteUnknown, to: signal.RouteNone,
			change: func(v *virtual) {
				v.set("/metrics/detailed", detailed+`rabbitmq_detailed_queue_messages_ready{vhost="/",queue="new"} 5`+"\n")
				v.set("/api/queues", `[{"vhost":"/","name":"new","type":"classic","arguments":{}}]`)
			},
		},
		"a policy is set": {
			queue: "failed", from: signal.RouteNone, to: signal.RouteSet,
			change: func(v *virtual) { v.set("/api/policies", policies) },
		},
		"a policy is removed": {
			queue: "failed", from: signal.RouteSet, to: signal.RouteNone,
			before: func(v *virtual) { v.set("/api/policies", policies) },
			change: func(v *virtual) { v.set("/api/policies", `[]`) },
		},
		"an operator policy is removed": {
			queue: "failed", from: signal.RouteSet, to: signal.RouteNone,
			before: func(v *virtual) { v.set("/api/operator-policies", policies) },
			change: func(v *virtual) { v.set("/api/operator-policies", `[]`) },
		},
		"the binding of a dead letter exchange is removed": {
			queue: "orders", from: signal.RouteSet, to: signal.RouteBroken,
			change: func(v *virtual) { v.set("/api/bindings", `[]`); v.set(ofOrders, `[]`) },
		},
		"a dead letter exchange is removed": {
			queue: "orders", from: signal.RouteSet, to: signal.RouteBroken,
			change: func(v *virtual) {
				v.set("/api/bindings", `[]`)
				v.set("/api/exchanges", `[]`)
				v.fail(ofOrders, http.StatusNotFound)
			},
		},
		"a binding comes a moment after its queue": {
			queue: "orders", from: signal.RouteBroken, to: signal.RouteSet,
			before: func(v *virtual) { v.set("/api/bindings", `[]`); v.set(ofOrders, `[]`) },
			change: func(v *virtual) { v.set("/api/bindings", v.bindings); v.set(ofOrders, boundToFailed) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, 0, func(v *virtual) {
				v.set(ofOrders, boundToFailed)
				if tc.before != nil {
					tc.before(v)
				}
				for range 3 {
					if got := route(v.next(), tc.queue); got != tc.from {
						v.t.Fatalf("before: the route is %v, want %v", got, tc.from)
					}
				}
				tc.change(v)
				if got := route(v.next(), tc.queue); got != tc.to {
					v.t.Errorf("in the reading after: the route is %v, want %v", got, tc.to)
				}
			})
		})
	}
}

func TestDefinitionsThatNoDecisionNeedsAreNotRead(t *testing.T) {
	inVirtualTime(t, 0, func(v *virtual) {
		v.set("/api/exchanges/%2F/dlx/bindings/source", boundToFailed)
		v.next()
		whole, asked := v.requests("/api/bindings"), v.requests("/api/")
		const readings = 15
		for range readings {
			v.next()
		}
		if n := v.requests("/api/bindings"); n != whole {
			v.t.Errorf("the definitions were read %d times although nothing changed", n-whole)
		}
		// Nodes, two lists of policies, the bindings of one exchange, details of three backlogs.
		if n := v.requests("/api/") - asked; n > 7*readings {
			v.t.Errorf("%d readings took %d requests", readings, n)
		}
	})
}

// TestEarlyReadsOfDefinitionsAreBounded has a queue come at each reading to a cluster so large
// that its definitions take two seconds.
func TestEarlyReadsOfDefinitionsAreBounded(t *testing.T) {
	const takes = time.Second // queues, and bindings
	inVirtualTime(t, takes, func(v *virtual) {
		v.next()
		began, before := time.Now(), v.requests("/api/bindings")
		var more strings.Builder
		for i := range 100 {
			fmt.Fprintf(&more, "rabbitmq_detailed_queue_messages_ready{vhost=\"/\",queue=\"new-%d\"} 0\n", i)
			v.set("/metrics/detailed", detailed+more.String())
			v.next()
		}
		n := v.requests("/api/bindings") - before
		most := time.Since(began)/20 + time.Since(began)/(5*time.Minute)*2*takes // early, and every config_interval
		if busy := time.Duration(n) * 2 * takes; n == 0 || busy > most+2*takes {
			v.t.Errorf("the broker was busy for %s of %s with definitions", busy, time.Since(began))
		}
	})
}
