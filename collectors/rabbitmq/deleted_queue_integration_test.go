//go:build integration

package rabbitmq_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealQueuesThatDisappearWithTheirMessagesLoseThem: one expires by its argument, one by
// a policy, an operator deletes one, one is deleted with its last consumer and one with its
// connection; an empty queue and those for replies are benign twins.
func TestRealQueuesThatDisappearWithTheirMessagesLoseThem(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		const after = 20_000
		b.call("PUT", "/api/policies/"+url.PathEscape(b.vhost)+"/short", fmt.Sprintf(`{"pattern":"^by-policy$","apply-to":"queues","definition":{"expires":%d}}`, after))
		b.declare("by-argument", amqp.Table{"x-expires": after})
		b.declare("by-policy", nil)
		b.declare("by-operator", nil)
		b.declare("stays", nil)
		b.declare("empty", amqp.Table{"x-expires": after})
		conn, channel := b.connect()
		for name, exclusive := range map[string]bool{"by-last-consumer": false, "by-connection": true, "": true, "orders.replies": true} {
			q, err := channel.QueueDeclare(name, !exclusive, !exclusive, exclusive, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			if exclusive {
				b.publish("", q.Name, 4) // from another connection: anyone may publish to it
				continue
			}
			// A consumer that holds one message and asks for no more.
			if err := channel.Qos(1, 0, false); err != nil {
				t.Fatal(err)
			}
			if _, err := channel.Consume(name, name, false, false, false, false, nil); err != nil {
				t.Fatal(err)
			}
			b.publish("", name, 6)
		}
		b.declare("celery@w.celery.pidbox", amqp.Table{"x-expires": after, "x-message-ttl": 300_000})
		for name, n := range map[string]int{"by-argument": 5, "by-policy": 3, "by-operator": 2, "celery@w.celery.pidbox": 1, "stays": 1} {
			b.publish("", name, n)
		}
		reader := rabbitmq.NewReader(b.config())
		defer func() { _ = reader.Close() }()
		detector := detect.New()
		var expiring []string
		take := func(so func(r signal.Report) bool) {
			r := b.await(reader, so)
			r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), 5*time.Second
			for _, c := range detector.Observe(&r) {
				if c.Kind == detect.Opened && c.Finding.Mode == signal.MessageExpiring {
					expiring = append(expiring, strings.TrimPrefix(c.Finding.Subject.Destination, b.name("")))
				}
			}
		}
		all := func(r signal.Report) bool {
			held := signal.Count(0)
			for i := range r.Queues {
				held += max(0, r.Queues[i].Ready)
			}
			return held+inFlight(r) == 12+6+3*4 && queueOf(r, b.name("by-policy")).Setup != nil && queueOf(r, b.name("by-policy")).Setup.ExpiresUnused > 0
		}
		gone := func(r signal.Report) bool { return len(r.Queues) == 1 }
		take(all)
		for range 6 { // until more than half of the time is over
			time.Sleep(2 * time.Second)
			take(func(signal.Report) bool { return true })
		}
		if _, err := b.channel.QueueDelete("by-operator", false, false, false); err != nil {
			t.Fatal(err)
		}
		if err := channel.Cancel("by-last-consumer", false); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		ended := false
		for deadline := time.Now().Add(time.Minute); !ended && time.Now().Before(deadline); time.Sleep(2 * time.Second) {
			take(func(r signal.Report) bool { ended = gone(r); return true })
		}
		take(gone)
		var lost []string
		for _, f := range detector.Open() {
			if f.Mode == signal.MessageLost {
				reason, _ := f.Evidence.Find("reason")
				lost = append(lost, fmt.Sprintf("%s: %d %s", strings.TrimPrefix(f.Subject.Destination, b.name("")), f.Count, reason.Value))
			}
		}
		slices.Sort(lost)
		slices.Sort(expiring)
		if want := []string{"by-argument: 5 queue_expired", "by-connection: 4 queue_deleted", "by-last-consumer: 6 queue_deleted", "by-operator: 2 queue_deleted", "by-policy: 3 queue_expired"}; !slices.Equal(lost, want) {
			t.Errorf("lost %q, want %q", lost, want)
		}
		if want := []string{"by-argument", "by-policy"}; !slices.Equal(expiring, want) {
			t.Errorf("expiring %q, want %q", expiring, want)
		}
	})
}

func inFlight(r signal.Report) (n signal.Count) {
	for i := range r.Queues {
		n += max(0, r.Queues[i].InFlight)
	}
	return n
}

// connect opens a connection of its own.
func (b *broker) connect() (*amqp.Connection, *amqp.Channel) {
	b.t.Helper()
	conn, err := amqp.DialConfig(b.amqp, amqp.Config{Vhost: b.vhost, Heartbeat: time.Minute})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		b.t.Fatal(err)
	}
	return conn, channel
}

// TestRealQueuesWhoseVirtualHostIsHiddenAreNotDeleted: a user that loses its permissions sees
// neither queue nor virtual host, with and without the prometheus plugin. A virtual host that
// an operator deletes loses what its queues held.
func TestRealQueuesWhoseVirtualHostIsHiddenAreNotDeleted(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for name, plugin := range map[string]string{"with the prometheus plugin": b.prometheus, "without": ""} {
			other := strings.ReplaceAll(b.vhost, "/", "-") + name
			path, shown := url.PathEscape(other), strings.ReplaceAll(other, "%", "%25")
			user := fmt.Sprintf("u%d", time.Now().UnixNano())
			b.call("PUT", "/api/vhosts/"+path, "{}")
			b.call("PUT", "/api/permissions/"+path+"/"+b.user, `{"configure":".*","write":".*","read":".*"}`)
			b.call("PUT", "/api/queues/"+path+"/orders", `{"durable":true}`)
			b.call("PUT", "/api/users/"+user, `{"password":"`+b.password+`","tags":"monitoring"}`)
			t.Cleanup(func() { b.call("DELETE", "/api/users/"+user, "") })
			permissions := "/api/permissions/" + path + "/" + user
			b.call("PUT", permissions, `{"configure":"^$","write":"^$","read":"^$"}`)
			for range 3 {
				b.call("POST", "/api/exchanges/"+path+"/amq.default/publish", `{"routing_key":"orders","payload":"o","payload_encoding":"string","properties":{"delivery_mode":2}}`)
			}
			if plugin != "" {
				plugin = ", prometheus_url: '" + plugin + "'"
			}
			c := parse(t, "rabbitmq: [{name: main, url: '"+b.management+"'"+plugin+", username: "+user+", password: "+b.password+", vhosts: {include: '"+strings.ReplaceAll(other, "%", ".")+"'}, config_interval: 20ms}]")
			reader := rabbitmq.NewReader(c)
			detector := detect.New()
			decide := func(times int) (lost []string, last signal.Report) {
				for range times {
					var r signal.Report
					r.Err = reader.Read(t.Context(), &r)
					r.TargetID, r.At, r.Interval = signal.TargetID{Collector: "rabbitmq", Target: "main"}, time.Now(), 30*time.Second
					detector.Observe(&r)
					last = r
					time.Sleep(700 * time.Millisecond)
				}
				for _, f := range detector.Open() {
					if f.Mode == signal.MessageLost {
						lost = append(lost, fmt.Sprint(f.Subject.Destination, " ", f.Count))
					}
				}
				return lost, last
			}
			b.await(reader, func(r signal.Report) bool {
				q := queueOf(r, shown+"/orders")
				return q != nil && q.Ready == 3 && q.Partitions != nil
			})
			decide(4)
			b.call("DELETE", permissions, "")
			if lost, last := decide(6); len(lost) > 0 || plugin == "" && (last.Err == nil || !strings.Contains(last.Err.Error(), "has no permissions on the virtual host any more")) {
				t.Errorf("%s, hidden: got %q %v %+v", name, lost, last.Err, last.Warnings)
			}
			// A reading in which everything is known again, and then it is deleted.
			b.call("PUT", permissions, `{"configure":"^$","write":"^$","read":"^$"}`)
			decide(4)
			b.call("DELETE", "/api/vhosts/"+path, "")
			if lost, last := decide(8); len(lost) != 1 || lost[0] != shown+"/orders 3" {
				t.Errorf("%s, deleted: got %q %v %+v", name, lost, last.Err, last.Warnings)
			}
			_ = reader.Close()
		}
	})
}
