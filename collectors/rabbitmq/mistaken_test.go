package rabbitmq_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// A binding that comes a moment after its queue is seen long before config_interval ends.
func TestDeadLettersThatLeadNowhereAreReadAgainAtOnce(t *testing.T) {
	f := serve(t)
	bindings := f.answers["/api/bindings"]
	f.set("/api/bindings", `[]`)
	c := settings(t, f.URL)
	c.ConfigInterval = config.Duration(time.Hour)
	reader := rabbitmq.NewReader(c)
	rabbitmq.ReadDefinitionsSoon(reader)
	defer func() { _ = reader.Close() }()
	route := func() signal.DeadLetteringRoute {
		t.Helper()
		var r signal.Report
		if err := reader.Read(t.Context(), &r); err != nil {
			t.Fatal(err)
		}
		return queueOf(r, "orders").Setup.DeadLettering.Route
	}
	if got := route(); got != signal.RouteBroken {
		t.Fatalf("without a binding the route is %v", got)
	}
	f.set("/api/bindings", bindings)
	if got := route(); got != signal.RouteSet {
		t.Errorf("with the binding the route is %v", got)
	}
	read := func() (n int) {
		for _, asked := range f.asked {
			if strings.HasPrefix(asked, "GET /api/bindings") {
				n++
			}
		}
		return n
	}
	before := read()
	if route(); read() != before {
		t.Error("the definitions are read again although they contain no mistake")
	}
}
