package rabbitmq_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestQueueIsReadWithAllFields(t *testing.T) {
	r, err := read(t, settings(t, serve(t).URL))
	if err != nil || len(r.Queues) != 4 || len(r.Warnings) != 0 {
		t.Fatalf("got %v %v %+v", err, r.Warnings, r.Queues)
	}
	q := queueOf(r, "orders")
	if q.Ready != 7 || q.InFlight != 3 || q.Consumers != 1 || q.Published != 50 || q.Acknowledged != 40 || q.Redelivered != 17 || q.Received != 60 {
		t.Errorf("got %+v", q)
	}
	want := signal.Partition{Start: signal.Unknown, Committed: 40, End: 50, Head: q.Oldest}
	if len(q.Partitions) != 1 || q.Partitions[0] != want || q.Oldest.Bound != signal.AtLeast {
		t.Errorf("got %+v", q.Partitions)
	}
	setup := signal.Setup{
		Type: "quorum", Retention: 50 * time.Second, MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: 20, ReturnsUncounted: true,
		DeadLettering: signal.DeadLettering{Route: signal.RouteSet, To: "dlx", AtMostOnce: true},
	}
	if *q.Setup != setup {
		t.Errorf("got %+v\nwant %+v", *q.Setup, setup)
	}
}

func TestManagementAPIAndPluginReadTheSame(t *testing.T) {
	f := serve(t)
	c := settings(t, f.URL)
	plugin, err := read(t, c)
	if err != nil {
		t.Fatal(err)
	}
	f.fail("/metrics/detailed", 404)
	management, err := read(t, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"orders", "failed", "log"} {
		a, b := *queueOf(plugin, name), *queueOf(management, name)
		a.Oldest, b.Oldest = signal.Age{}, signal.Age{} // of the moment
		for i := range a.Partitions {
			a.Partitions[i].Head, b.Partitions[i].Head = signal.Age{}, signal.Age{}
		}
		b.Setup = a.Setup
		if !reflect.DeepEqual(a, b) {
			t.Errorf("the plugin: %+v\nthe management API: %+v", a, b)
		}
	}
}

func TestOddNamesAreReadUnchanged(t *testing.T) {
	r, _ := read(t, settings(t, serve(t).URL))
	q := queueOf(r, `a%2Fb/q "1"`)
	if q == nil || q.Ready != 1 || q.Setup.MaxMessages != 5 || !q.Setup.DropsHead || q.Setup.DeadLettering.Route != signal.RouteNone {
		t.Errorf("got %+v", r.Queues)
	}
	if q != nil && (len(q.Partitions) != 1 || q.Partitions[0].Committed != 0 || q.Acknowledged.Known()) {
		t.Errorf("of a queue that nobody ever read: %+v", q)
	}
}

func TestStreamHasNoBacklog(t *testing.T) {
	r, _ := read(t, settings(t, serve(t).URL))
	if q := queueOf(r, "log"); q == nil || q.Ready.Known() || q.Partitions != nil || q.Setup.Type != "stream" {
		t.Errorf("got %+v", q)
	}
}

// TestDeletedQueueThatAChannelStillCountsIsNotReported: the broker still counts what was published to a
// deleted queue, and a channel on another node may count it before the queue does.
func TestDeletedQueueThatAChannelStillCountsIsNotReported(t *testing.T) {
	const published = `rabbitmq_detailed_queue_exchange_messages_published_total{vhost="/",exchange="",queue="new"} 5` + "\n"
	f := serve(t)
	reader := rabbitmq.NewReader(settings(t, f.URL))
	defer func() { _ = reader.Close() }()
	look := func(metrics string) *signal.Queue {
		t.Helper()
		f.set("/metrics/detailed", metrics)
		var r signal.Report
		if err := reader.Read(t.Context(), &r); err != nil || queueOf(r, "orders") == nil {
			t.Fatalf("got %v and %d queues", err, len(r.Queues))
		}
		return queueOf(r, "new")
	}
	there := detailed + published + `rabbitmq_detailed_queue_messages_ready{vhost="/",queue="new"} 5` + "\n"
	for range 2 {
		if q := look(detailed + published); q != nil {
			t.Errorf("it is gone, and yet: %+v", q)
		}
		if q := look(there); q == nil || q.Published != 5 {
			t.Errorf("it is there, and yet: %+v", q)
		}
	}
	f.fail("/metrics/detailed", 404)
	if q := look(there); q != nil {
		t.Errorf("the management API does not list it, and yet: %+v", q)
	}
}

func TestDeadLettersAreFoundThroughBindings(t *testing.T) {
	r, _ := read(t, settings(t, serve(t).URL))
	if len(r.DeadLetters) != 1 {
		t.Fatalf("got %+v", r.DeadLetters)
	}
	d := r.DeadLetters[0]
	if d.Destination != "failed" || !slices.Equal(d.Sources, []string{"orders"}) || d.Messages != 2 || d.Arrived != 2 || d.SourceRetention != 50*time.Second {
		t.Errorf("got %+v", d)
	}
}

func TestLossesAreCountedPerNodeAndTypeOfQueue(t *testing.T) {
	r, _ := read(t, settings(t, serve(t).URL))
	want := []signal.BrokerLoss{
		{System: signal.RabbitMQ, Cluster: "main", Node: "rabbit@a", Reason: "expired", QueueType: "classic", Messages: 3},
		{System: signal.RabbitMQ, Cluster: "main", Node: "rabbit@a", Reason: "expired", QueueType: "quorum", Messages: 4},
		{System: signal.RabbitMQ, Cluster: "main", Node: "rabbit@a", Reason: "unroutable_dropped", Messages: 5},
	}
	if !slices.Equal(r.Losses, want) {
		t.Errorf("got %+v", r.Losses)
	}
}

func TestPlainNamesOfVirtualHostsReachTheServer(t *testing.T) {
	f := serve(t)
	f.set("/api/queues/a%2Fb", `[{"vhost":"a/b","name":"q \"1\"","type":"classic","arguments":{}}]`)
	for _, what := range []string{"policies", "operator-policies", "exchanges", "bindings"} {
		f.set("/api/"+what+"/a%2Fb", `[]`)
	}
	r, err := read(t, settings(t, f.URL, "vhosts: {include: a/b}"))
	if err != nil || len(r.Queues) != 1 || r.Queues[0].Destination != `a%2Fb/q "1"` {
		t.Errorf("got %v %+v", err, r.Queues)
	}
	if !slices.ContainsFunc(f.asked, func(a string) bool { return strings.Contains(a, "vhost=a%2Fb") }) {
		t.Errorf("asked %q", f.asked)
	}
}

func TestDeadLetterExchangeIsFollowed(t *testing.T) {
	const orders = `[{"vhost":"/","name":"orders","type":"quorum","arguments":{"x-dead-letter-exchange":"dlx","x-dead-letter-routing-key":"k"}}]`
	for name, test := range map[string]struct {
		queues, exchanges, bindings string
		route                       signal.DeadLetteringRoute
		problem                     string
	}{
		"does not exist":                         {orders, `[]`, `[]`, signal.RouteBroken, "the exchange dlx does not exist"},
		"has no binding":                         {orders, `[{"vhost":"/","name":"dlx","type":"direct"}]`, `[]`, signal.RouteBroken, "nothing is bound to the exchange dlx"},
		"has no binding for the routing key":     {orders, `[{"vhost":"/","name":"dlx","type":"direct"}]`, `[{"vhost":"/","source":"dlx","destination":"d","destination_type":"queue","routing_key":"x"}]`, signal.RouteBroken, `no binding of the exchange dlx takes the routing key "k"`},
		"passes messages on to another exchange": {orders, `[{"vhost":"/","name":"dlx","type":"fanout"},{"vhost":"/","name":"b","type":"direct"}]`, `[{"vhost":"/","source":"dlx","destination":"b","destination_type":"exchange","routing_key":""},{"vhost":"/","source":"b","destination":"d","destination_type":"queue","routing_key":"k"}]`, signal.RouteSet, ""},
		"is bound to itself":                     {orders, `[{"vhost":"/","name":"dlx","type":"fanout"}]`, `[{"vhost":"/","source":"dlx","destination":"dlx","destination_type":"exchange","routing_key":""}]`, signal.RouteBroken, `no binding of the exchange dlx takes the routing key "k"`},
		"has the type of a plugin":               {orders, `[{"vhost":"/","name":"dlx","type":"x-delayed-message"}]`, `[]`, signal.RouteUnknown, ""},
		"receives routing keys that may match":   {strings.ReplaceAll(orders, `,"x-dead-letter-routing-key":"k"`, ""), `[{"vhost":"/","name":"dlx","type":"direct"}]`, `[{"vhost":"/","source":"dlx","destination":"d","destination_type":"queue","routing_key":"x"}]`, signal.RouteUnknown, ""},
		"exists in another virtual host only":    {orders, `[{"vhost":"b","name":"dlx","type":"direct"}]`, `[]`, signal.RouteBroken, "the exchange dlx does not exist"},
		"is not set":                             {strings.ReplaceAll(orders, `"x-dead-letter-exchange":"dlx",`, ""), `[]`, `[]`, signal.RouteNone, ""},
		"is a topic exchange with a wildcard":    {orders, `[{"vhost":"/","name":"dlx","type":"topic"}]`, `[{"vhost":"/","source":"dlx","destination":"d","destination_type":"queue","routing_key":"*.#"}]`, signal.RouteSet, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set("/api/queues", test.queues)
			f.set("/api/exchanges", test.exchanges)
			f.set("/api/bindings", test.bindings)
			r, err := read(t, settings(t, f.URL))
			if err != nil {
				t.Fatal(err)
			}
			if d := queueOf(r, "orders").Setup.DeadLettering; d.Route != test.route || d.Problem != test.problem {
				t.Errorf("got %+v", d)
			}
		})
	}
}
