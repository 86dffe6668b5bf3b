//go:build integration

package rabbitmq_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/collectors/rabbitmq/rabbitmqtest"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealAgeAndUtilisationAreRead: the broker knows the timestamp of the head of a classic queue,
// where its publisher set one; of others it is known for how long nothing moved. A
// consumer that has no room for more shows as a low utilisation.
func TestRealAgeAndUtilisationAreRead(t *testing.T) {
	const ago = 90 * time.Second
	eachBroker(t, func(t *testing.T, b *broker) {
		if err := b.channel.Qos(1, 0, false); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"classic", "quorum"} {
			for _, name := range []string{"stamped-" + kind, "plain-" + kind} {
				b.declare(name, amqp.Table{"x-queue-type": kind})
			}
			b.publish("", "plain-"+kind, 3)
			b.take("plain-"+kind, 1)
			for range 2 {
				if err := b.channel.PublishWithContext(t.Context(), "", "stamped-"+kind, false, false, amqp.Publishing{Timestamp: time.Now().Add(-ago)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool {
			stamped := queueOf(r, b.name("stamped-classic"))
			if stamped == nil || stamped.Oldest.Bound != signal.Measured || !stamped.Oldest.Known() || stamped.Utilisation != signal.Unknown {
				return false
			}
			if age := stamped.Oldest.At(signal.InstantOf(time.Now())); age < ago || age > ago+time.Minute {
				t.Fatalf("the head is %s old", age)
			}
			for _, name := range []string{"stamped-quorum", "plain-classic", "plain-quorum"} {
				if q := queueOf(r, b.name(name)); q == nil || !q.Oldest.Known() || q.Oldest.Bound != signal.AtLeast {
					return false
				}
			}
			for _, kind := range []string{"classic", "quorum"} {
				q := queueOf(r, b.name("plain-"+kind))
				if q.Consumers != 1 || q.Ready != 2 || q.InFlight != 1 || q.Utilisation < 0 {
					return false
				}
				// RabbitMQ 3.10 says 1 of a quorum queue, as the README tells.
				if new := b.prometheus == os.Getenv("RABBITMQ_PROMETHEUS_URL"); q.Utilisation > 0.5 && (new || kind != "quorum") {
					return false
				}
			}
			return true
		})
	})
}

// TestRealAlarmThatBlocksPublishersIsReported: by the management API, and by the prometheus
// plugin where there is none.
func TestRealAlarmThatBlocksPublishersIsReported(t *testing.T) {
	c := theCluster(t)
	ctl := os.Getenv("RABBITMQCLUSTER_CTL")
	if ctl == "" {
		t.Fatal("RABBITMQCLUSTER_CTL is not set; run it with test/parts/run")
	}
	limit := func(memory ...string) {
		t.Helper()
		if out, err := exec.Command(ctl, append([]string{"1", "set_vm_memory_high_watermark"}, memory...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	c.on(0).declare("orders", nil)
	managed := rabbitmq.NewReader(c.settings(c.urls, c.plugins))
	defer func() { _ = managed.Close() }()
	plain := rabbitmq.NewReader(c.settings([]string{nowhere(t)}, c.plugins))
	defer func() { _ = plain.Close() }()
	raised := func(r signal.Report) (nodes []string) {
		for _, a := range r.Alarms {
			if a.Raised && a.Resource == "memory" {
				nodes = append(nodes, a.Node)
			}
		}
		return nodes
	}
	t.Cleanup(func() { limit("0.6") })
	limit("absolute", "1MB")
	r := c.await(managed, func(r signal.Report) bool { return len(raised(r)) == 1 })
	if said := strings.Join(r.Warnings, "; "); !strings.Contains(said, "node "+raised(r)[0]+" is out of memory and blocks publishers") {
		t.Errorf("the warnings %q", said)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		var alone signal.Report
		_ = plain.Read(t.Context(), &alone) // in part, for there is no management API
		if nodes := raised(alone); len(nodes) == 1 && nodes[0] == raised(r)[0] {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the plugin alone tells %+v", alone.Alarms)
		}
		time.Sleep(100 * time.Millisecond)
	}
	limit("0.6")
	c.await(managed, func(r signal.Report) bool { return len(r.Alarms) == 4 && len(raised(r)) == 0 && len(r.Warnings) == 0 })
}

// TestRealQueueDeletedDuringAReadingHidesNoOther: queues come and go under one reading after the other,
// and the queue beside them is read all the time.
func TestRealQueueDeletedDuringAReadingHidesNoOther(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		rabbitmqtest.Loses(t, b.prometheus) // what is sent to a queue that has just been deleted
		b.declare("orders", nil)
		b.publish("", "orders", 2)
		c := b.config()
		c.Timeout = config.Duration(time.Minute) // for a plugin that is slow on a busy machine
		reader := rabbitmq.NewReader(c)
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool { q := queueOf(r, b.name("orders")); return q != nil && q.Ready == 2 })
		readings, end := make(chan signal.Report), make(chan struct{})
		var reads sync.WaitGroup
		reads.Go(func() {
			for {
				var r signal.Report
				if err := reader.Read(t.Context(), &r); err != nil || len(r.Warnings) > 0 {
					t.Errorf("got %v, %q", err, r.Warnings)
				}
				if q := queueOf(r, b.name("orders")); q == nil || q.Ready != 2 {
					t.Errorf("got %+v", q)
				}
				select {
				case readings <- r:
				case <-end:
					return
				}
			}
		})
		defer reads.Wait()
		defer close(end)
		for i := range 10 {
			name := fmt.Sprint("fleeting-", i%2)
			b.declare(name, nil)
			b.publish("", name, 1)
			for there := true; ; there = false {
				deadline := time.Now().Add(30 * time.Second)
				for r := range readings {
					if (queueOf(r, b.name(name)) != nil) == there {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s is there: %v", name, !there)
					}
				}
				if !there {
					break
				}
				b.call("DELETE", "/api/queues/"+url.PathEscape(b.vhost)+"/"+name, "") // while the next reading is under way
			}
		}
	})
}

// TestRealNodesSayForHowLongTheyHaveBeenRunning: so that a restart of one during a downtime is
// noticed.
func TestRealNodesSayForHowLongTheyHaveBeenRunning(t *testing.T) {
	eachBroker(t, func(_ *testing.T, b *broker) {
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool {
			for _, l := range r.Losses {
				if l.Uptime < time.Second || l.Uptime > 24*time.Hour {
					return false
				}
			}
			return len(r.Losses) > 0
		})
	})
}

// TestRealQueuesWhoseNamesJoinToTheSameAreTwo: a virtual host, and a queue, may contain a slash.
func TestRealQueuesWhoseNamesJoinToTheSameAreTwo(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		unique := fmt.Sprint(time.Now().UnixNano())
		places := []struct {
			vhost, queue string
			messages     signal.Count
			want         string
		}{
			{"a" + unique, "b/c", 1, "a" + unique + "/b/c"},
			{"a" + unique + "/b", "c", 2, "a" + unique + "%2Fb/c"},
			{"/", "a" + unique + "/b/c", 3, "%2F/a" + unique + "/b/c"},
			{"/", unique, 4, unique},
		}
		for _, p := range places {
			if p.vhost != "/" {
				b.call("PUT", "/api/vhosts/"+url.PathEscape(p.vhost), "{}")
				t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+url.PathEscape(p.vhost), "") })
			}
			path := url.PathEscape(p.vhost) + "/" + url.PathEscape(p.queue)
			b.call("PUT", "/api/queues/"+path, `{"durable":true}`)
			if p.vhost == "/" {
				t.Cleanup(func() { b.call("DELETE", "/api/queues/"+path, "") })
			}
			for range p.messages {
				b.call("POST", "/api/exchanges/"+url.PathEscape(p.vhost)+"/amq.default/publish", fmt.Sprintf(`{"properties":{},"routing_key":%q,"payload":"order","payload_encoding":"string"}`, p.queue))
			}
		}
		reader := rabbitmq.NewReader(parse(t, fmt.Sprintf("rabbitmq: [{name: main, url: '%s', prometheus_url: '%s', username: %s, password: %s, queues: {include: '(.*/)?c|%s'}, config_interval: 20ms}]",
			b.management, b.prometheus, b.user, b.password, unique)))
		b.await(reader, func(r signal.Report) bool {
			for _, p := range places {
				if q := queueOf(r, p.want); q == nil || q.Ready != p.messages {
					return false
				}
			}
			return true
		})
	})
}
