//go:build integration

package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// observing is how long discover observes a broker here.
const observing = "--observe=6s"

// TestRealDiscoveredKafkaRunsUnedited discovers a cluster with a group that works, its dead
// letter topic, one that is paired with nothing, and a topic without a group.
func TestRealDiscoveredKafkaRunsUnedited(t *testing.T) {
	t.Parallel()
	b := connect(t, startKafka(t).addr)
	b.prefix = "shop"
	topic, clicks := b.topic("orders", 2), b.topic("clicks", 1)
	b.topic("orders.dlq", 1)
	b.join("billing", topic, pace{})
	b.send(topic, 0, orders(20)...)
	b.send(clicks, 0, "c-1", "c-2")
	b.reached("billing", topic, 0, 20)
	sending := repeat(t, 200*time.Millisecond, func() error { return b.write(topic, 1, "o-next") })
	defer sending()

	file, text := discovered(t, "", "--kafka="+b.addr, observing)
	says(t, text, "shop-orders → billing: may carry orders", "1 consumer", "shop-orders.dlq holds the dead letters of shop-orders", "shop-clicks (no group reads it)")
	silentlyRuns(t, file)
}

// TestRealDiscoveredRabbitRunsUnedited discovers a virtual host with work, its dead letter
// queue, a queue that delays messages and one that waits for a reply, as a user who may see
// nothing else.
func TestRealDiscoveredRabbitRunsUnedited(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.exchange("rejected", "fanout", nil)
		b.declare("orders", "quorum", "x-dead-letter-exchange", "rejected")
		b.declare("orders.dead", "classic")
		b.bind("orders.dead", "rejected", "")
		b.declare("orders.later", "classic", "x-message-ttl", int32(60_000), "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "orders")
		b.work("orders", 10, func(d amqp.Delivery) error { return d.Ack(false) })
		sending := repeat(t, 200*time.Millisecond, func() error { return b.write("orders", "o-next") })
		defer sending()

		const password = "se/cret:#1" // of both versions: discover names the variable after the broker
		user := unique(t)
		b.call("PUT", "/api/users/"+user, fmt.Sprintf(`{"password": %q, "tags": "monitoring"}`, password))
		t.Cleanup(func() { b.call("DELETE", "/api/users/"+user, "") })
		b.call("PUT", "/api/permissions/"+url.PathEscape(b.vhost)+"/"+user, `{"configure": "^$", "write": "^$", "read": "^$"}`)
		address, err := url.Parse(b.management)
		if err != nil {
			t.Fatal(err)
		}
		address.User = url.UserPassword(user, password)
		if err := os.Setenv("RABBITMQ_PASSWORD", password); err != nil { //nolint:usetesting // no parallel test may call t.Setenv
			t.Fatal(err)
		}

		file, text := discovered(t, password, "--rabbitmq="+address.String(), observing)
		says(t, text, "orders: may carry orders", "orders.dead holds the dead letters of", "orders.later: retry or delay")
		silentlyRuns(t, file)
	})
}

// silentlyRuns runs a config with its own intervals until each target was read twice.
func silentlyRuns(t *testing.T, file string) {
	t.Helper()
	p := startFile(t, plainBinary, file)
	p.cycles(1)
	p.silent(interval)
}
