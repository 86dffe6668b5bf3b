//go:build integration

package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// The page of each source shows the rights that it needs at least. These tests create a user with
// exactly these and read with it.

// inPage returns the first block of a page that contains a text.
func inPage(t *testing.T, source, text string) string {
	t.Helper()
	page, err := os.ReadFile("../../collectors/" + source + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```(?:sh|sql)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(block[1], text) {
			return block[1]
		}
	}
	t.Fatalf("the page of %s shows no %q", source, text)
	return ""
}

func TestRealKafkaRightsOfThePageAreEnough(t *testing.T) {
	t.Parallel()
	b, sasl, jars := kafka(t), server(t, "KAFKA_SASL_ADDR"), server(t, "KAFKA_JARS")
	orders := b.topic("orders", 1)
	b.topic("orders.dlq", 1)
	b.commits(b.prefix+"-billing", orders, 0)
	user := "page-" + b.prefix
	if results, err := b.admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
		Name: user, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096, Salt: []byte("salt"), Password: []byte("watcher-secret"),
	}}); err != nil || results[0].ErrorCode != sarama.ErrNoError {
		t.Fatal(err, results)
	}
	config := fmt.Sprintf(`kafka: [{name: main, brokers: ['%s'], sasl: {mechanism: SCRAM-SHA-256, username: "%s", password: watcher-secret},
    topics: {include: ['%s']}, groups: {include: ['%s-bil.*']}, order_id: key, commits: {topic: true}}]`, sasl, user, regexp.QuoteMeta(orders), b.prefix)
	if before := checked(t, config)["kafka/main"]; !warns(before, "no topic is visible") {
		t.Errorf("for a user without rights check prints %+v", before)
	}
	script := strings.NewReplacer("…", b.addr, "User:lostorder", "User:"+user).Replace(inPage(t, "kafka", "kafka-acls.sh"))
	paste(t, "kafka-acls.sh", `exec java -cp "`+jars+`/*" org.apache.kafka.tools.AclCommand "$@" 2>&1`, []collectors.Advice{{Paste: script}})
	eventually(t, "everything is read", func() (bool, string) { // a broker learns of rights a moment later
		c := checked(t, config)["kafka/main"]
		return c.OK && c.Reachable == "2 topics, 1 consumer group, 1 dead letter queue" && len(advised(map[string]checkup.Target{"": c}, collectors.Warning)) == 0, inJSON(c)
	})
}

func TestRealRabbitRightsOfThePageAreEnough(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		user, vhost := "page-"+strings.ReplaceAll(unique(t), "/", "-"), url.PathEscape(b.vhost)
		b.call("PUT", "/api/queues/"+vhost+"/orders", `{"durable":true,"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}}`)
		b.call("PUT", "/api/queues/"+vhost+"/dead", `{"durable":true,"arguments":{}}`)
		path := "/api/users/" + url.PathEscape(user)
		for line := range strings.SplitSeq(strings.TrimSpace(inPage(t, "rabbitmq", "rabbitmqctl")), "\n") {
			words := strings.Fields(strings.ReplaceAll(line, "'", ""))
			switch words[1] {
			case "add_user":
				b.call("PUT", path, `{"password":"watcher-secret","tags":""}`)
				t.Cleanup(func() { b.call("DELETE", path, "") })
			case "set_user_tags":
				b.call("PUT", path, `{"password":"watcher-secret","tags":"`+words[3]+`"}`)
			case "set_permissions":
				b.call("PUT", "/api/permissions/"+vhost+"/"+url.PathEscape(user), inJSON(map[string]string{"configure": words[5], "write": words[6], "read": words[7]}))
			default:
				t.Errorf("the page has a command that the test does not know: %s", line)
			}
		}
		c := checked(t, fmt.Sprintf(`rabbitmq: [{name: main, url: '%s', prometheus_url: '%s', username: "%s", password: watcher-secret, vhosts: {include: ['%s']}}]`,
			b.management, b.plugin, user, b.vhost))["rabbitmq/main"]
		if !c.OK || c.Reachable != "2 queues, 1 dead letter queue" || len(advised(map[string]checkup.Target{"": c}, collectors.Warning)) > 0 {
			t.Errorf("with the rights of the page: %+v", c)
		}
	})
}

func TestRealGrantsOfThePagesAreEnough(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) *databasetest.Shop{"postgres": databasetest.Postgres, "mariadb": databasetest.MariaDB} {
		server(t, strings.ToUpper(name)+"_URL")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Run(t, fmt.Sprintf("CREATE TABLE orders (id varchar(40) PRIMARY KEY, state varchar(40) NOT NULL, updated_at %s NOT NULL, secret varchar(40))", s.Time),
				fmt.Sprintf("CREATE TABLE order_events (id integer PRIMARY KEY, order_id varchar(40) NOT NULL, state varchar(40) NOT NULL, created_at %s NOT NULL, secret varchar(40))", s.Time),
				fmt.Sprintf("CREATE TABLE outbox (id integer PRIMARY KEY, created_at %[1]s NOT NULL, published_at %[1]s NULL, aggregate_id varchar(40), secret varchar(40))", s.Time))
			config := fmt.Sprintf(`databases: [{name: shop, url: %q}]
outboxes: [{name: orders, database: shop, table: outbox, columns: {published_at: published_at, order_id: aggregate_id}}]
lifecycles: [{name: order, source: {database: shop, table: orders}, history: {table: order_events}, states: {placed: {max: 5m, next: [paid]}, paid: {}}}]
reconciliations: [{name: events, left: {database: shop, table: orders, columns: {key: id, at: updated_at}}, right: {database: shop, table: order_events, columns: {key: order_id}}, expect: at_least_one}]
`, s.URL)
			for name, c := range checked(t, config) {
				if c.OK {
					t.Errorf("without rights, %s is %+v", name, c)
				}
			}
			granted := map[string]bool{}
			for _, source := range []string{"outbox", "orders", "reconcile"} {
				const narrower = "-- or, with less"
				_, columns, _ := strings.Cut(inPage(t, source, narrower), narrower)
				for _, statement := range regexp.MustCompile(`GRANT [^;]*`).FindAllString(columns, -1) {
					if !granted[statement] {
						s.Run(t, strings.ReplaceAll(statement, "TO lostorder", "TO "+s.Reader()))
					}
					granted[statement] = true
				}
			}
			for name, c := range checked(t, config) {
				if !c.OK || len(advised(map[string]checkup.Target{"": c}, collectors.Warning)) > 0 {
					t.Errorf("with the grants of the pages, %s is %+v", name, c)
				}
			}
			shop{s, t}.mayNotRead([]string{"orders", "order_events", "outbox"}, "secret")
		})
	}
}
