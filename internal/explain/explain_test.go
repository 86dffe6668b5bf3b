package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

var now = time.Date(2026, 3, 14, 3, 19, 0, 0, time.UTC)

func ago(d time.Duration) signal.Instant { return signal.InstantOf(now.Add(-d)) }

// fixed is a target that answers the same for every order.
func fixed(collector, name string, err error, places ...signal.Place) explain.Target {
	return explain.Target{ID: signal.TargetID{Collector: collector, Target: name}, Trail: func(context.Context, string) ([]signal.Place, error) {
		return slices.Clone(places), err
	}}
}

func lookUp(t *testing.T, o explain.Options) *api.Order {
	t.Helper()
	o.Now = func() time.Time { return now }
	order, err := explain.New(o).Order(t.Context(), "A-1017")
	if err != nil {
		t.Fatal(err)
	}
	return order
}

// told writes the trail as text.
func told(o *api.Order) string {
	lines := []string{o.Summary}
	for _, e := range o.Events {
		at := "--:--:--"
		if !e.At.IsZero() {
			at = e.At.Format(time.TimeOnly)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s [%s]", at, o.Places[e.Place].String(), e.What, e.Source))
	}
	for _, x := range o.Expected {
		lines = append(lines, fmt.Sprintf("by %s %s: %s, overdue %v", x.By.Format(time.TimeOnly), o.Places[x.Place].String(), x.What, x.Overdue))
	}
	for i := range o.Places {
		for _, gap := range o.Places[i].Gaps {
			lines = append(lines, fmt.Sprintf("gap %s: %s [%s]", o.Places[i].String(), gap.Reason, gap.Source))
		}
	}
	return strings.Join(lines, "\n")
}

func TestTimeline(t *testing.T) {
	orders := signal.Place{Store: "shop", Name: "orders", Holds: "orders", Events: []signal.Event{{Kind: signal.EventState, At: ago(38 * time.Minute), What: "is in state paid", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}}}
	outbox := signal.Place{Store: "shop", Name: "outbox", Holds: "outbox rows", Events: []signal.Event{{Kind: signal.EventRow, At: ago(39 * time.Minute), What: "event was written", Key: "8812"}}}
	created := signal.Place{Store: "shop", Name: "orders", Events: []signal.Event{{Kind: signal.EventRow, At: ago(40 * time.Minute), What: "row was written"}}}
	for sentence, c := range map[string]struct {
		targets []explain.Target
		want    string
	}{
		"events of all sources are in the order of time, and one table is one place": {
			[]explain.Target{fixed("orders", "order", nil, orders), fixed("outbox", "orders", nil, outbox), fixed("reconcile", "payments", nil, created)},
			"It is in state paid since 02:41 (38 min).\n02:39:00 shop · orders: row was written [reconcile/payments]\n" +
				"02:40:00 shop · outbox: event was written [outbox/orders]\n02:41:00 shop · orders: is in state paid [orders/order]",
		},
		"the time of a state comes before what else is said of it": {
			[]explain.Target{fixed("orders", "order", nil, signal.Place{Store: "shop", Name: "orders", Events: []signal.Event{
				{Kind: signal.EventState, At: ago(38 * time.Minute), What: "is in state paid, worth € 18.50; the row was last changed then"},
			}})},
			"It is in state paid since 02:41 (38 min), worth € 18.50; the row was last changed then.\n" +
				"02:41:00 shop · orders: is in state paid, worth € 18.50; the row was last changed then [orders/order]",
		},
		"an event that two sources show is one": {
			[]explain.Target{fixed("reconcile", "payments", nil, created), fixed("reconcile", "refunds", nil, created)},
			"\n02:39:00 shop · orders: row was written [reconcile/payments]",
		},
		"an event without a time comes last": {
			[]explain.Target{fixed("reconcile", "payments", nil, signal.Place{Store: "billing", Name: "payments", Events: []signal.Event{{What: "row was written"}}}), fixed("orders", "order", nil, orders)},
			"It is in state paid since 02:41 (38 min).\n02:41:00 shop · orders: is in state paid [orders/order]\n--:--:-- billing · payments: row was written [reconcile/payments]",
		},
		"what is overdue is said, and what is not yet due is expected": {
			[]explain.Target{fixed("orders", "order", nil, signal.Place{
				Store: "shop", Name: "orders", Events: orders.Events,
				Expected: []signal.Expectation{{What: "reaches the end", By: ago(-time.Hour)}, {What: "leaves state paid", By: ago(33 * time.Minute)}},
			})},
			"It is in state paid since 02:41 (38 min). Overdue since 02:46: leaves state paid.\n02:41:00 shop · orders: is in state paid [orders/order]\n" +
				"by 02:46:00 shop · orders: leaves state paid, overdue true\nby 04:19:00 shop · orders: reaches the end, overdue false",
		},
		"a source that fails is a gap, and the others answer": {
			[]explain.Target{fixed("orders", "order", nil, orders), fixed("kafka", "main", errors.New("connection refused"))},
			"It is in state paid since 02:41 (38 min). 1 of 2 places could not be searched.\n02:41:00 shop · orders: is in state paid [orders/order]\n" +
				"gap kafka · main: connection refused [kafka/main]",
		},
		"an order that nobody knows": {
			[]explain.Target{fixed("orders", "order", nil, signal.Place{Store: "shop", Name: "orders"})},
			"No place knows it.",
		},
		"an order that nobody knows is not called unknown where a place is blind": {
			[]explain.Target{fixed("orders", "order", nil, signal.Place{Store: "shop", Name: "orders"}, signal.Place{Store: "shop", Name: "moves", Err: errors.New("refused")})},
			"No place that could be searched knows it; 1 of 2 places could not be searched.\ngap shop · moves: refused [orders/order]",
		},
		"nothing can be searched": {
			[]explain.Target{fixed("orders", "order", nil, signal.Place{Store: "shop", Name: "orders", Err: errors.New("refused")})},
			"Nothing is known: no place could be searched.\ngap shop · orders: refused [orders/order]",
		},
		"a dead letter is said at once": {
			[]explain.Target{fixed("kafka", "main", nil, signal.Place{Store: "kafka main", Name: "orders.dlq", Events: []signal.Event{{Kind: signal.EventDeadLetter, At: ago(time.Minute), What: "message is in the dead letter queue"}}})},
			"In kafka main · orders.dlq: message is in the dead letter queue.\n03:18:00 kafka main · orders.dlq: message is in the dead letter queue [kafka/main]",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := told(lookUp(t, explain.Options{Targets: c.targets})); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestTraceIsLinked(t *testing.T) {
	f, err := config.Parse("test.yml", []byte("tracing: {url: 'https://tempo.example/trace/{trace_id}?org=1'}"), "", []config.Section{explain.Section()})
	if err != nil {
		t.Fatal(err)
	}
	place := signal.Place{Store: "shop", Name: "orders", Events: []signal.Event{{At: ago(0), TraceID: "aa"}, {At: ago(1), TraceID: "aa"}}}
	o := lookUp(t, explain.Options{Targets: []explain.Target{fixed("orders", "order", nil, place)}, Tracing: explain.TracingOf(f)})
	if len(o.Traces) != 1 || o.Traces[0].URL != "https://tempo.example/trace/aa?org=1" {
		t.Errorf("traces are %+v", o.Traces)
	}
	for text, want := range map[string]string{
		"tracing: {url: 'https://tempo.example/trace/'}":             "tracing.url: does not say where the trace id belongs",
		"tracing: {url: 'javascript:alert(1)//{trace_id}'}":          "tracing.url: not an http or https address",
		"tracing: {url: 'https://me:hush@tempo.example/{trace_id}'}": "tracing.url: contains a user",
	} {
		_, err := config.Parse("test.yml", []byte(text), "", []config.Section{explain.Section()})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestAnHashedOrderIsNamedNowhere puts the id into every text that a source may return.
func TestAnHashedOrderIsNamedNowhere(t *testing.T) {
	f, err := config.Parse("test.yml", []byte("privacy: {order_ids: hash, salt: 0123456789abcdef}"), "", []config.Section{privacy.Section()})
	if err != nil {
		t.Fatal(err)
	}
	veil := privacy.FromFile(f)
	target := fixed("orders", "order", fmt.Errorf("order A-1017: %w", errors.New("odd")), signal.Place{
		Store: "shop", Name: "orders", Searched: "up to A-1017", Err: errors.New(`invalid input "A-1017"`),
		Events:   []signal.Event{{At: ago(0), What: "row (A-1017) was written", Key: "A-1017", Detail: "customer A-1017 is Jo Doe"}},
		Expected: []signal.Expectation{{What: "A-1017 leaves", By: ago(0)}},
	})
	o := lookUp(t, explain.Options{Targets: []explain.Target{target, fixed("outbox", "orders", errors.New("A-1017 is odd"))}, Veil: veil})
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "A-1017") || strings.Contains(string(text), "Jo Doe") {
		t.Errorf("the order is named: %s", text)
	}
	if !o.Hashed || o.ID != veil.ID("A-1017") || o.Events[0].Key != veil.ID("A-1017") {
		t.Errorf("the hash is not there: %s", text)
	}
}

func TestLookUpsAreLimited(t *testing.T) {
	asked := 0
	target := explain.Target{Trail: func(context.Context, string) ([]signal.Place, error) { asked++; return nil, nil }}
	e := explain.New(explain.Options{Targets: []explain.Target{target}, Limit: rate.NewLimiter(0, 2)})
	for i := range 3 {
		_, err := e.Order(t.Context(), "A-1")
		if refused := errors.Is(err, explain.ErrTooMany); refused != (i == 2) {
			t.Errorf("look-up %d: %v", i, err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestWhatIsNoOrderIDAsksNothing(t *testing.T) {
	e := explain.New(explain.Options{Targets: []explain.Target{{Trail: func(context.Context, string) ([]signal.Place, error) {
		t.Error("a target was asked")
		return nil, nil
	}}}})
	for _, id := range []string{"", strings.Repeat("x", 257), "a\x00b", "a\nb", "\xff", "\u202eb"} {
		if _, err := e.Order(t.Context(), id); !errors.Is(err, explain.ErrBadID) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// TestAllTargetsAreAskedAtOnce, so that one that hangs costs its own time only.
func TestAllTargetsAreAskedAtOnce(t *testing.T) {
	met := make(chan struct{})
	wait := explain.Target{ID: signal.TargetID{Collector: "kafka", Target: "slow"}, Trail: func(ctx context.Context, _ string) ([]signal.Place, error) {
		select {
		case <-met:
			return nil, errors.New("timeout after 1s")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	meet := explain.Target{ID: signal.TargetID{Collector: "orders", Target: "order"}, Trail: func(context.Context, string) ([]signal.Place, error) {
		close(met)
		return []signal.Place{{Store: "shop", Name: "orders"}}, nil
	}}
	o := lookUp(t, explain.Options{Targets: []explain.Target{wait, meet}})
	if len(o.Places) != 2 || o.Places[0].Gaps[0].Reason != "timeout after 1s" {
		t.Errorf("got %s", told(o))
	}
}
