//go:build integration

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// kill ends lostorder as the kernel does when memory is short.
func (p *program) kill() {
	p.t.Helper()
	p.failOnUnexpected()
	p.stopped = true
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.exited
}

// fault is something that is wrong, and what lostorder must find of it.
type fault struct {
	mode  signal.Mode
	about signal.Subject
}

// failing is a shop on real servers in which many things go wrong, some before lostorder
// is killed and some while it is down.
type failing struct {
	t       *testing.T
	kafka   *broker
	rabbit  *rabbit
	cloud   *cloud
	shop    shop
	members map[string]*member
}

func openFailing(t *testing.T) *failing {
	t.Helper()
	s := &failing{t: t, kafka: kafka(t), rabbit: openRabbit(t, "RABBITMQ"), shop: postgres(t), members: map[string]*member{}}
	s.cloud = openCloud(t, server(t, "SQS_ENDPOINT"), "eu-central-1", unique(t)+"-", nil)
	for topic, group := range map[string]string{"orders": "billing", "shipments": "packing", "returns": "refunds", "invoices": "ledger"} {
		topic, group = s.kafka.topic(topic, 1), s.kafka.prefix+"-"+group
		s.kafka.send(topic, 0, "o-1", "o-2", "o-3")
		s.members[group] = s.kafka.join(group, topic, pace{})
		s.kafka.reached(group, topic, 0, 3)
	}
	s.kafka.topic("orders.dlq", 1)
	s.rabbit.declare("looping", "classic")
	s.rabbit.declare("failed", "classic")
	s.rabbit.declare("mail", "classic", "x-dead-letter-exchange", "", "x-dead-letter-routing-key", "failed")
	s.cloud.queue("orders-dlq", 0)
	s.cloud.queue("orders", 0, "orders-dlq")
	for _, table := range []string{"carts", "refunds"} {
		s.shop.Run(t, fmt.Sprintf("CREATE TABLE %[1]s (id varchar(40) PRIMARY KEY, state varchar(40) NOT NULL, updated_at %[2]s, created_at %[2]s, request varchar(40))", table, s.shop.Time))
		s.shop.Grant(t, table)
	}
	s.shop.Run(t, "CREATE TABLE charges (id varchar(40) PRIMARY KEY, order_id varchar(40))", "CREATE INDEX ON charges (order_id)")
	s.shop.Grant(t, "charges")
	return s
}

// config watches all of it and remembers it.
func (s *failing) config() settings {
	s.t.Helper()
	s.t.Setenv("AWS_SHARED_CREDENTIALS_FILE", put(s.t, "credentials", "[default]\naws_access_key_id = AKIDHOME\naws_secret_access_key = secret\n"))
	s.t.Setenv("AWS_CONFIG_FILE", put(s.t, "config", ""))
	s.t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := watchQueues(s.kafka)
	c["rabbitmq"] = s.rabbit.watch(within(4 * rabbitAge))["rabbitmq"]
	c.add("sqs", "name: main", "region: eu-central-1", "endpoint: "+os.Getenv("SQS_ENDPOINT"), "queues: {prefix: "+s.cloud.prefix+"}",
		"cloudwatch: {enabled: false}", "config_interval: 1s", "max_requests_per_second: 1000", schedule())
	s.shop.watchOutbox(c)
	s.shop.watchOrders(c)
	for _, name := range []string{"cart", "refund"} {
		more := schedule()
		if name == "cart" {
			more = "duplicates: {key: request, interval: 1s}\n    " + more
		}
		c.add("lifecycles", "name: "+name, fmt.Sprintf("source: {database: %s, table: %ss}", s.shop.Kind, name),
			fmt.Sprintf("states: {open: {max: %s, next: [paid]}, paid: {next: [shipped]}, shipped: {}}", maxAge), more)
	}
	c.add("reconciliations", "name: charge",
		fmt.Sprintf("left: {database: %s, table: carts, columns: {key: id, at: ''}, where: \"state = 'paid'\"}", s.shop.Kind),
		fmt.Sprintf("right: {database: %s, table: charges, columns: {key: order_id, at: ''}}", s.shop.Kind),
		"expect: exactly_one", "grace: 2s", schedule())
	c["state"] = []string{fmt.Sprintf("  dir: %q\n", filepath.Join(s.t.TempDir(), "state"))}
	return c
}

func (s *failing) cart(id, state, request string) {
	s.t.Helper()
	s.shop.Run(s.t, fmt.Sprintf("INSERT INTO carts VALUES ('%s', '%s', %[4]s, %[4]s, '%[3]s')", id, state, request, s.shop.Ago(30*time.Second)))
}

func (s *failing) queue(topic, group string) signal.Subject {
	if group != "" {
		group = s.kafka.prefix + "-" + group
	}
	return queue(s.kafka.prefix+"-"+topic, group)
}

// before breaks ten things, each in another way.
func (s *failing) before() []fault {
	k, d := s.kafka, s.shop.Kind
	s.members[k.prefix+"-billing"].set(pace{hangs: true})
	k.send(k.prefix+"-orders", 0, "o-4", "o-5")
	s.members[k.prefix+"-packing"].leave()
	k.send(k.prefix+"-shipments", 0, "o-4")
	k.send(k.prefix+"-orders.dlq", 0, "d-1")
	s.rabbit.send("looping", "o-1", "o-2")
	s.rabbit.work("looping", 1, again)
	s.shop.commit("e-1", "o-1", "", time.Hour)
	s.shop.place("o-7", "placed", time.Hour) // another order, so that no finding explains the other
	s.cart("c-1", "on-hold", "r-1")
	s.cart("c-2", "shipped", "r-2")
	s.cart("c-3", "shipped", "r-2")
	s.cart("c-4", "paid", "r-4")
	s.cart("c-5", "paid", "r-5")
	s.shop.Run(s.t, "INSERT INTO charges VALUES ('p-5', 'c-5'), ('p-6', 'c-5')")
	return []fault{
		{signal.ConsumerStalled, s.queue("orders", "billing")},
		{signal.ConsumerAbsent, s.queue("shipments", "packing")},
		{signal.DLQFilling, s.queue("orders.dlq", "")},
		{signal.RetryLoop, s.rabbit.subject("looping")},
		{signal.OutboxStalled, s.shop.outbox()},
		{signal.OrderOverdue, s.shop.placed()},
		{signal.OrderStateUnknown, signal.Subject{Database: d, Lifecycle: "cart", State: "on-hold"}},
		{signal.OrderDuplicate, signal.Subject{Database: d, Lifecycle: "cart"}},
		{signal.OrderUnmatched, signal.Subject{Database: d, Check: "charge"}},
		{signal.EffectDuplicate, signal.Subject{Database: d, Check: "charge"}},
	}
}

// meanwhile breaks five more things: a consumer leaves, retention passes a group that
// hangs, messages are dead-lettered in RabbitMQ and in SQS, and an order becomes overdue.
func (s *failing) meanwhile() []fault {
	k := s.kafka
	s.members[k.prefix+"-refunds"].leave()
	k.send(k.prefix+"-returns", 0, "o-4", "o-5")
	s.members[k.prefix+"-ledger"].set(pace{hangs: true})
	k.send(k.prefix+"-invoices", 0, "o-4", "o-5", "o-6", "o-7")
	k.deleteRecords(k.prefix+"-invoices", 0, 7)
	s.rabbit.work("mail", 1, refuse)
	s.rabbit.send("mail", "o-1", "o-2", "o-3")
	s.cloud.send("orders-dlq", 1)
	s.shop.Run(s.t, fmt.Sprintf("INSERT INTO refunds VALUES ('f-1', 'open', %[1]s, %[1]s, 'r-9')", s.shop.Ago(time.Hour)))
	return []fault{
		{signal.ConsumerAbsent, s.queue("returns", "refunds")},
		{signal.MessageLost, s.queue("invoices", "ledger")},
		{signal.DLQFilling, s.rabbit.subject("failed")},
		{signal.DLQFilling, signal.Subject{System: signal.SQS, Cluster: "main", Destination: s.cloud.prefix + "orders-dlq"}},
		{signal.OrderOverdue, signal.Subject{Database: s.shop.Kind, Lifecycle: "refund", State: "open"}},
	}
}

// TestRealKilledLostorderContinuesItsFindings: ten findings of different modes are open
// when lostorder is killed. Five more faults happen while it is down. After the restart
// the ten findings are the same, the five faults are found, and nothing else is. Prometheus
// and Alertmanager notify of each finding once, and of none that it is resolved.
func TestRealKilledLostorderContinuesItsFindings(t *testing.T) {
	s := openFailing(t)
	config, address := writeConfig(t, s.config()), freePort(t)
	m := monitor(t, address, everySecond...)
	p := startAt(t, binary, config, address)
	p.cycles(2)
	var before []api.Finding
	for _, f := range s.before() {
		before = append(before, p.find(f.mode, f.about))
	}
	for _, f := range before {
		eventually(t, "Alertmanager notifies of "+string(f.Mode), func() (bool, string) { return m.heard("firing", f.ID) > 0, m.all() })
	}
	p.silent(maxAge)
	for i := range before {
		before[i] = p.byID(before[i].ID)
	}
	m.forget()
	p.kill()
	killed := time.Now()
	faults := s.meanwhile()
	eventually(t, "it is down for longer than it bridges by itself", func() (bool, string) {
		down := time.Since(killed)
		return down > 2*maxAge, "it is down for " + down.String()
	})

	p = startAt(t, binary, config, address)
	p.lenient = true // until the old findings are known to it
	scrape := p.metrics()["lostorder_finding_since_timestamp_seconds"]
	if n := len(scrape.GetMetric()); n < len(before) {
		t.Errorf("the first scrape has %d of %d findings", n, len(before))
	}
	same := func(when string) {
		t.Helper()
		for _, old := range before {
			p.expected[old.ID] = true
			if f := p.byID(old.ID); !f.ClosedAt.IsZero() || !f.Since.Equal(old.Since) || !f.DetectedAt.Equal(old.DetectedAt) || f.Severity != old.Severity {
				t.Errorf("%s:\n%s\nafter\n%s", when, inJSON(f), inJSON(old))
			}
		}
	}
	same("at the start")
	p.lenient = false
	var found []api.Finding
	for _, f := range faults {
		found = append(found, p.find(f.mode, f.about))
	}
	p.counts(found[1], 4)
	p.counts(found[2], 3)
	for _, f := range found {
		eventually(t, "Alertmanager notifies of "+string(f.Mode), func() (bool, string) { return m.heard("firing", f.ID) > 0, m.all() })
	}
	same("after the new faults are found")
	p.silent(keptFiring + maxAge) // an alert whose series went away resolves by then
	same("at the end")
	for _, old := range before {
		if p.byID(old.ID).Unconfirmed {
			t.Errorf("not confirmed: %s", inJSON(p.byID(old.ID)))
		}
		if m.heard("firing", old.ID)+m.heard("resolved", old.ID) > 0 {
			t.Errorf("%s is notified of again: %s", old.Mode, m.all())
		}
		for line := range strings.Lines(p.log.text()) {
			if strings.Contains(line, old.ID) && (strings.Contains(line, `msg="finding opened"`) || strings.Contains(line, `msg="finding closed"`)) {
				t.Errorf("announced again: %s", line)
			}
		}
	}
	for _, f := range found {
		if m.heard("firing", f.ID) != 1 || m.heard("resolved", f.ID) > 0 {
			t.Errorf("%s of %s is not notified of once: %s", f.Mode, f.Subject, m.all())
		}
	}
}

// send sends messages to a queue.
func (c *cloud) send(name string, messages int) {
	c.t.Helper()
	c.fill(c.url(name), messages)
}
