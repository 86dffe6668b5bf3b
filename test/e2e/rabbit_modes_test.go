//go:build integration

package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/internal/signal"
)

// again is a consumer that requeues what it cannot process and receives it again.
func again(d amqp.Delivery) error {
	time.Sleep(100 * time.Millisecond)
	return d.Nack(false, true)
}

// TestRealRabbitNackLoopIsARetryLoop: also in a quorum queue, whose delivery limit does
// not count it from 4.3 on.
func TestRealRabbitNackLoopIsARetryLoop(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		loops := map[string]*worker{}
		for _, kind := range []string{"classic", "quorum"} {
			b.declare(kind, kind)
			b.send(kind, "o-1", "o-2")
			loops[kind] = b.work(kind, 1, again)
		}
		p := start(t, b.watch(within(4*rabbitAge)))
		for _, kind := range []string{"classic", "quorum"} {
			f := p.find(signal.RetryLoop, b.subject(kind))
			p.says(f, "waiting_messages", "2", "consumers", "1")
			if f.Severity != signal.Critical || evidence(f, "delivered_again") == "" {
				t.Errorf("got %s", inJSON(f))
			}
		}
		p.silent(rabbitAge) // no other finding opens
		for _, kind := range []string{"classic", "quorum"} {
			loops[kind].stop()
			b.work(kind, 1, ack(0))
		}
		for _, f := range p.findings() {
			p.closes(f)
		}
	})
}

// TestRealRabbitRedeliveryBesideProgressIsNotARetryLoop: a message in ten fails once, and a
// consumer comes and goes with messages in hand.
func TestRealRabbitRedeliveryBesideProgressIsNotARetryLoop(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("orders", "quorum")
		b.send("orders", orders(400)...)
		n := 0
		b.work("orders", 5, func(d amqp.Delivery) error {
			time.Sleep(50 * time.Millisecond)
			if n++; n%10 == 0 && !d.Redelivered {
				return d.Nack(false, true)
			}
			return d.Ack(false)
		})
		p := start(t, b.watch(within(time.Minute)))
		for range 4 {
			held := b.work("orders", 10, hold)
			p.silent(rabbitAge / 2)
			held.stop()
			p.silent(rabbitAge / 2)
		}
	})
}

// TestRealRabbitBacklogGrowsAndMessagesExpire: a growing backlog
// expires by TTL, or overflows a bounded queue.
func TestRealRabbitBacklogGrowsAndMessagesExpire(t *testing.T) {
	const size = len(`{"state":"placed"}`)
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("later", "classic")
		kept := []any{"x-dead-letter-exchange", "", "x-dead-letter-routing-key", "later"}
		b.declare("growing", "quorum")
		b.declare("expiring", "classic", "x-message-ttl", 120_000)
		b.declare("passed-on", "classic", append([]any{"x-message-ttl", 120_000}, kept...)...)
		b.declare("full-soon", "classic", "x-max-length-bytes", 1100*size)
		b.declare("full-soon-quorum", "quorum", "x-max-length", 1_000_000, "x-max-length-bytes", 1100*(size+2))
		b.declare("roomy", "classic", "x-max-length-bytes", 100_000*size)
		b.declare("overflowing-into-another", "classic", append([]any{"x-max-length-bytes", 1100 * size}, kept...)...)
		fast := []string{"growing", "expiring", "passed-on"}
		slow := []string{"full-soon", "full-soon-quorum", "roomy", "overflowing-into-another"}
		for _, name := range fast {
			b.send(name, orders(5)...)
			b.work(name, 1, ack(500*time.Millisecond))
		}
		for _, name := range slow {
			b.send(name, orders(600)...)
			b.work(name, 1, ack(500*time.Millisecond))
		}
		n := 0
		repeat(t, 50*time.Millisecond, func() error {
			names := fast
			if n++; n%4 == 0 {
				names = append(slices.Clone(fast), slow...)
			}
			for _, name := range names {
				if err := b.write(name, fmt.Sprint("o-", n)); err != nil {
					return err
				}
			}
			return nil
		})
		p := start(t, b.watchQueues())
		growing := p.find(signal.BacklogGrowing, b.subject("growing"))
		p.says(growing, "objective_max_age", rabbitAge.String(), "consumers", "1")
		f := p.find(signal.MessageExpiring, b.subject("expiring"))
		for _, early := range p.findings() { // on a busy machine it grows for a while before its messages are in danger
			if early.Mode == signal.BacklogGrowing && early.Labels == b.subject("expiring") {
				p.expected[early.ID] = true
				p.closes(early)
			}
		}
		if evidence(f, "removed_at_age") != "2m0s" {
			t.Errorf("got %s", inJSON(f))
		}
		for _, name := range []string{"full-soon", "full-soon-quorum"} {
			f := p.find(signal.MessageExpiring, b.subject(name))
			if evidence(f, "max_length_bytes") == "" || evidence(f, "max_length") != "" {
				t.Errorf("got %s", inJSON(f))
			}
		}
		// And nothing worse of these, where what is removed is kept, or nothing will be for long.
		for _, name := range []string{"passed-on", "roomy", "overflowing-into-another"} {
			p.find(signal.BacklogGrowing, b.subject(name))
		}
		for _, f := range p.findings() {
			if f.Mode == signal.MessageExpiring && !p.expected[f.ID] {
				t.Errorf("false finding: %s", inJSON(f))
			}
		}
	})
}

// TestRealRabbitNodeRestartOpensNoFinding: a node of a cluster is stopped and started again
// beside slow consumers; its counters restart.
func TestRealRabbitNodeRestartOpensNoFinding(t *testing.T) {
	t.Parallel()
	urls, plugins := strings.Fields(server(t, "RABBITMQCLUSTER_URLS")), strings.Fields(server(t, "RABBITMQCLUSTER_PROMETHEUS_URLS"))
	amqps, ctl := strings.Fields(server(t, "RABBITMQCLUSTER_AMQP_URLS")), os.Getenv("RABBITMQCLUSTER_CTL")
	if ctl == "" {
		t.Fatal("RABBITMQCLUSTER_CTL is not set: this test stops and starts a node; run it with test/parts/run")
	}
	b := &rabbit{t: t, management: urls[0], vhost: unique(t)}
	b.user, b.password, _ = strings.Cut(server(t, "RABBITMQCLUSTER_LOGIN"), ":")
	b.call("PUT", "/api/vhosts/"+b.vhost, "{}")
	t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+b.vhost, "") })
	connect := func(node int) {
		eventually(t, "the node takes connections", func() (bool, string) {
			connection, err := amqp.DialConfig(amqps[node], amqp.Config{Vhost: b.vhost, Heartbeat: time.Minute})
			if err != nil {
				return false, err.Error()
			}
			t.Cleanup(func() { _ = connection.Close() })
			b.connection = connection
			b.channel, b.publisher = b.open(), b.open()
			return true, ""
		})
	}
	work := func(node int) {
		b.work(fmt.Sprint("classic-", node), 1, ack(rabbitAge/6))
		b.work(fmt.Sprint("quorum-", node), 1, ack(rabbitAge/6))
	}
	for node := range 2 {
		connect(node)
		for _, kind := range []string{"classic", "quorum"} {
			name := fmt.Sprint(kind, "-", node)
			b.declare(name, kind)
			b.send(name, orders(600)...)
		}
		work(node)
	}
	s := settings{}
	s.add("rabbitmq", "name: main", "url: ["+strings.Join(urls, ", ")+"]", "prometheus_url: ["+strings.Join(plugins, ", ")+"]",
		"username: "+b.user, "password: "+b.password, fmt.Sprintf("vhosts: {include: %q}", b.vhost), "config_interval: 1s", schedule(),
		within(6*rabbitAge)) // a quorum queue of two nodes stands still while one is away
	p := start(t, s)
	eventually(t, "depths are seen", func() (bool, string) {
		got, ok := p.value("lostorder_queue_messages", "messaging_message_state=ready", "messaging_destination_name="+b.vhost+"/quorum-1")
		return ok && got > 0, fmt.Sprint(got, ok)
	})

	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(ctl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	quiet := func(d time.Duration) {
		t.Helper()
		for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(tick) {
			if p.failOnUnexpected(); t.Failed() {
				t.FailNow()
			}
		}
	}
	waiting := func() float64 {
		got, _ := p.value("lostorder_queue_messages", "messaging_message_state=ready", "messaging_destination_name="+b.vhost+"/quorum-0")
		return got
	}
	stopped, before := time.Now(), waiting()
	run("1", "stop_app")
	quiet(rabbitAge)
	run("1", "start_app")
	connect(1)
	work(1)
	eventually(t, "the quorum queue moves again", func() (bool, string) {
		got := waiting()
		return got > 0 && got < before-2, fmt.Sprint(before, got)
	})
	// On a busy machine the node needs so long that the quorum queues really stood still
	// for longer than their objective. Such a finding is true, and it closes.
	if away := time.Since(stopped); away > 6*rabbitAge {
		for _, f := range p.findings() {
			if f.Mode == signal.ConsumerStalled && strings.Contains(f.Labels.Destination, "/quorum-") {
				p.expected[f.ID] = true
				p.closes(f)
			}
		}
	}
	quiet(7 * rabbitAge)
	if target := p.becomes("rabbitmq/main", true, ""); len(target.Warnings) > 0 {
		t.Errorf("the target is back, but: %s", inJSON(target))
	}
}
