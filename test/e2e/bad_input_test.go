//go:build integration

package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// secrets must never appear in any output. They are long and odd enough not to match by
// chance.
const (
	wrongKafkaPassword    = "Wr0ng-Kafka-pa55word"
	wrongDatabasePassword = "Wr0ng/Data:base@pa55word"
)

// badTargets is a config under construction, with the message each target must show.
type badTargets struct {
	config settings
	errors map[string]string // by target
	warns  map[string]string
	well   []string
}

func (b *badTargets) kafka(name, addr, says string, lines ...string) {
	b.config.add("kafka", append([]string{"name: " + name, fmt.Sprintf("brokers: [%q]", addr), "topics: {include: [e2e-none]}", schedule()}, lines...)...)
	b.note("kafka/"+name, says)
}

func (b *badTargets) database(name, url string) string {
	b.config.add("databases", "name: "+name, fmt.Sprintf("url: %q", url), "max_connections: 50")
	return name
}

func (b *badTargets) outbox(name, database, says string, lines ...string) {
	b.config.add("outboxes", append([]string{"name: " + name, "database: " + database, schedule()}, lines...)...)
	b.note("outbox/"+name, says)
}

func (b *badTargets) orders(name, source, warns string) {
	b.config.add("lifecycles", "name: "+name, "source: "+source,
		fmt.Sprintf("states: {placed: {max: %s, next: [paid, cancelled]}, paid: {next: [shipped]}, shipped: {}, cancelled: {}}", maxAge), schedule())
	b.warns["orders/"+name] = warns
	b.well = append(b.well, "orders/"+name)
}

func (b *badTargets) note(target, says string) {
	if says == "" {
		b.well = append(b.well, target)
	} else {
		b.errors[target] = says
	}
}

// TestRealBrokenTargetIsReportedAndHidesNoOther watches healthy targets and, beside
// them, targets with everything that can be wrong.
func TestRealBrokenTargetIsReportedAndHidesNoOther(t *testing.T) {
	t.Parallel()
	b, pg, my := kafka(t), postgres(t), mariadb(t)
	topic := b.topic("orders", 1)
	b.send(topic, 0, "o-1")
	b.join(b.prefix+"-billing", topic, pace{})
	sasl, encrypted, ca := server(t, "KAFKA_SASL_ADDR"), server(t, "KAFKA_TLS_ADDR"), server(t, "KAFKA_TLS_CA")
	nowhere := stablePort(t)

	bad := badTargets{config: watchQueues(b), errors: map[string]string{}, warns: map[string]string{}, well: []string{"kafka/main"}}
	// Healthy targets: each way to connect.
	bad.kafka("plain-sasl", sasl, "", "sasl: {username: lostorder, password: lostorder-secret}")
	bad.kafka("scram-sasl", sasl, "", "sasl: {mechanism: SCRAM-SHA-512, username: lostorder, password: lostorder-secret}")
	bad.kafka("tls", encrypted, "", fmt.Sprintf("tls: {ca_file: %q}", ca))
	bad.kafka("no-such-topic", b.addr, "")
	pg.commit("e-1", "o-1", "", 0)
	if _, err := pg.publish(); err != nil {
		t.Fatal(err)
	}
	pg.watchOutbox(bad.config)
	bad.well = append(bad.well, "outbox/relay")

	// Kafka.
	bad.kafka("wrong-password", sasl, "SASL authentication failed for user lostorder", fmt.Sprintf("sasl: {username: lostorder, password: %q}", wrongKafkaPassword))
	bad.kafka("wrong-scram-password", sasl, "SASL authentication failed for user lostorder", fmt.Sprintf("sasl: {mechanism: SCRAM-SHA-256, username: lostorder, password: %q}", wrongKafkaPassword))
	bad.kafka("unknown-host", "no-such-host.invalid:9092", "no host no-such-host.invalid")
	bad.kafka("tls-to-plain", b.addr, "no TLS on this port", "tls: {insecure_skip_verify: true}")
	bad.kafka("plain-to-tls", encrypted, "TLS")
	bad.kafka("unknown-ca", encrypted, "is not trusted", "tls: {}")
	bad.kafka("nobody-listens", nowhere, "connection refused")

	// Databases.
	for kind, s := range map[string]shop{"postgres": pg, "mariadb": my} {
		outbox := []string{"table: outbox", "columns: {published_at: published_at}"}
		watched := bad.database("b-"+kind, s.URL)
		bad.outbox(kind+"-wrong-password", bad.database(kind+"-password", s.As(s.User, wrongDatabasePassword)), "password", outbox...)
		unknown := strings.Replace(s.URL, s.Addr, "no-such-host.invalid:1234", 1)
		bad.outbox(kind+"-unknown-host", bad.database(kind+"-host", unknown), "no-such-host.invalid", outbox...)
		bad.outbox(kind+"-nobody-listens", bad.database(kind+"-port", s.At(nowhere)), "nothing accepts connections there", outbox...)
		bad.outbox(kind+"-no-table", watched, "no_such_outbox", "table: no_such_outbox", "columns: {published_at: published_at}")
		bad.outbox(kind+"-no-column", watched, "no_such_column", "table: outbox", "columns: {published_at: no_such_column}")
		s.Run(t, "CREATE TABLE hidden (id varchar(40) PRIMARY KEY, created_at "+s.Time+", published_at "+s.Time+")")
		bad.outbox(kind+"-no-right", watched, "GRANT SELECT", "table: hidden", "columns: {published_at: published_at}")

		s.place("o-1", "shipped", 0)
		bad.orders(kind+"-well", fmt.Sprintf("{database: %s, table: orders}", watched), "")
		for table, row := range map[string]string{
			"strange": "'lost_in_space', " + s.Ago(0),
			"undated": "'placed', NULL",
			"ahead":   "'placed', " + s.Ago(-72*time.Hour),
		} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (id varchar(40) PRIMARY KEY, state varchar(40), updated_at %s NULL)", table, s.Time),
				fmt.Sprintf("INSERT INTO %s VALUES ('o-1', %s)", table, row))
			s.Grant(t, table)
		}
		bad.orders(kind+"-strange", fmt.Sprintf("{database: %s, table: strange}", watched), `state "lost_in_space"`)
		bad.orders(kind+"-undated", fmt.Sprintf("{database: %s, table: undated}", watched), "updated_at")
		bad.orders(kind+"-ahead", fmt.Sprintf("{database: %s, table: ahead}", watched), "in the future")
	}

	p := start(t, bad.config)
	for target, says := range bad.errors {
		red := p.becomes(target, false, says)
		if strings.Contains(red.Error, "\n") || len(red.Error) > 400 || red.Readings != (api.Readings{}) {
			t.Errorf("%s: the error is not one clear line: %s", target, inJSON(red))
		}
		t.Logf("%s: %s", target, red.Error)
	}
	for target, warns := range bad.warns {
		p.becomes(target, true, "")
		warnings := p.target(target).Warnings
		if warns == "" && len(warnings) > 0 || warns != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], warns)) {
			t.Errorf("%s warns of %q, want %q", target, warnings, warns)
		}
		t.Logf("%s: %q", target, warnings)
	}
	for _, kind := range []string{"postgres", "mariadb"} {
		p.find(signal.OrderStateUnknown, signal.Subject{Database: "b-" + kind, Lifecycle: kind + "-strange", State: "lost_in_space"})
	}
	for _, ahead := range []string{"postgres-ahead", "mariadb-ahead"} {
		if dwell, _ := p.value("lostorder_order_oldest_dwell_seconds", "lifecycle="+ahead, "state=placed"); dwell < 0 || dwell > watchFor.Seconds() {
			t.Errorf("an order with a future timestamp has a dwell of %v s", dwell)
		}
	}
	p.fresh(watchFor, bad.well...)
	p.keepsSecrets(append(secretsOf(pg, my), wrongKafkaPassword, wrongDatabasePassword, "lostorder-secret")...)
}

func secretsOf(shops ...shop) (secrets []string) {
	for _, s := range shops {
		secrets = append(secrets, s.Password)
	}
	return secrets
}

// keepsSecrets fails if any output of lostorder holds a secret, plain or URL-encoded.
func (p *program) keepsSecrets(secrets ...string) {
	p.t.Helper()
	said := map[string]string{"log": p.log.text()}
	for _, path := range []string{"/", "/metrics", "/api/v1/findings?state=all", "/api/v1/targets", "/-/ready"} {
		_, said[path] = p.get(path)
	}
	for where, text := range said {
		for _, secret := range secrets {
			escaped := strings.TrimPrefix(url.UserPassword("", secret).String(), ":")
			for _, form := range []string{secret, escaped, url.QueryEscape(secret), url.PathEscape(secret)} {
				if strings.Contains(text, form) {
					p.t.Errorf("%s holds the secret %q", where, form)
				}
			}
		}
	}
}

// TestRealTopicDeletedBetweenReadingsLosesItsSeries.
func TestRealTopicDeletedBetweenReadingsLosesItsSeries(t *testing.T) {
	t.Parallel()
	b := kafka(t)
	topic, kept := b.topic("orders", 4), b.topic("kept", 1)
	for i := range 20 {
		b.send(topic, int32(i%4), fmt.Sprint("o-", i))
	}
	b.send(kept, 0, "o-1")
	m := b.join(b.prefix+"-billing", topic, pace{})
	b.join(b.prefix+"-shipping", kept, pace{})
	b.reached(m.group, topic, 0, 5)
	m.leave()
	b.send(topic, 0, "o-20")
	c := settings{}
	c.kafkaCluster(b.addr, b.prefix, objectives(5*maxAge, 5*maxAge))
	p := start(t, c)
	p.sees("lostorder_queue_consumers", 0, topic, m.group)
	if err := b.admin.DeleteTopic(topic); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the series of the topic are gone, except of the finding about it", func() (bool, string) {
		_, body := p.get("/metrics")
		for line := range strings.Lines(body) {
			if strings.Contains(line, topic) && !strings.HasPrefix(line, "lostorder_finding") {
				return false, line
			}
		}
		return true, ""
	})
	f := p.find(signal.MessageLost, queue(topic, m.group))
	p.says(f, "reason", "queue_deleted")
	p.silent(2 * watchFor)
}
