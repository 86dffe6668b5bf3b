package rabbitmq_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestQueueMissingFromTheCountsIsNotDeletedUntilTheManagementAPISaysSo: the prometheus
// plugin of a node that has just started shows no queues.
func TestQueueMissingFromTheCountsIsNotDeletedUntilTheManagementAPISaysSo(t *testing.T) {
	f := serve(t)
	reader := rabbitmq.NewReader(settings(t, f.URL))
	defer func() { _ = reader.Close() }()
	take := func() (signal.Report, error) {
		var r signal.Report
		err := reader.Read(t.Context(), &r)
		return r, err
	}
	if _, err := take(); err != nil {
		t.Fatal(err)
	}
	f.set("/metrics/detailed", strings.ReplaceAll(detailed, `queue="orders"`, `queue="elsewhere"`))
	f.set("/api/queues/%2F/orders", `{"name":"orders"}`)
	for range 3 {
		if r, err := take(); err == nil || !strings.Contains(err.Error(), "orders") || queueOf(r, "orders") != nil {
			t.Fatalf("got %v %+v, want a partial reading", err, r.Queues)
		}
	}
	f.fail("/api/queues/%2F/orders", http.StatusNotFound)
	for range 2 {
		if r, err := take(); err != nil || queueOf(r, "orders") != nil {
			t.Fatalf("got %v %+v, want a complete reading without the queue", err, r.Queues)
		}
	}
	f.set("/metrics/detailed", detailed)
	if r, err := take(); err != nil || queueOf(r, "orders") == nil {
		t.Fatalf("got %v %+v, want the queue back", err, r.Queues)
	}
}

// TestQueueWhoseVirtualHostIsHiddenIsNotDeleted: the broker answers as if neither existed.
func TestQueueWhoseVirtualHostIsHiddenIsNotDeleted(t *testing.T) {
	f := serve(t)
	reader := rabbitmq.NewReader(settings(t, f.URL))
	defer func() { _ = reader.Close() }()
	take := func() (signal.Report, error) {
		var r signal.Report
		err := reader.Read(t.Context(), &r)
		return r, err
	}
	if _, err := take(); err != nil {
		t.Fatal(err)
	}
	f.set("/metrics/detailed", strings.ReplaceAll(detailed, `vhost="/",queue="orders"`, `vhost="/",queue="elsewhere"`))
	f.fail("/api/queues/%2F/orders", http.StatusNotFound)
	f.fail("/api/queues/%2F", http.StatusNotFound)
	for range 3 {
		if r, err := take(); err == nil || !strings.Contains(err.Error(), "read queues orders: the user has no permissions on the virtual host any more") || queueOf(r, "orders") != nil {
			t.Fatalf("got %v %+v, want a partial reading", err, r.Queues)
		}
	}
	f.set("/api/vhosts", `[{"name":"a/b"}]`) // it was deleted, with its queues
	if r, err := take(); err != nil || queueOf(r, "orders") != nil {
		t.Fatalf("got %v %+v, want a complete reading without the queue", err, r.Queues)
	}
}
