//go:build integration

package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// grants runs lostorder check --grants.
func grants(t *testing.T, config string) (out, complaint string, code int) {
	t.Helper()
	file := writeConfig(t, settings{})
	rewrite(t, file, config)
	cmd := exec.Command(plainBinary, "check", "--grants", "--config.file="+file)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func TestRealCheckPrintsOnlyTheGrantsThatAreMissing(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		s.Grant(t, "orders")
		s.Grant(t, "outbox")
		s.place("A-1", "placed", time.Hour)
		config := func(url string) string {
			c := settings{}
			s.watchOutbox(c)
			s.watchDatabase(c, s.URL)
			for _, name := range []string{"order", "again"} { // two targets that read one table
				c.add("lifecycles", "name: "+name, "source: {database: "+s.Kind+", table: orders}",
					fmt.Sprintf("states: {placed: {max: %s, next: [paid]}, paid: {next: [shipped]}, shipped: {}}", maxAge), schedule())
			}
			return strings.ReplaceAll(c.String(), s.URL, url)
		}
		if out, complaint, code := grants(t, config(s.URL)); out != "" || code != 0 {
			t.Errorf("with all rights it prints %q, %q, exit code %d", out, complaint, code)
		}
		who := s.User
		if s.Kind == "mariadb" {
			who = "'" + s.User + "'@'%'"
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who)
		out, complaint, code := grants(t, config(s.URL))
		if code != 1 || complaint != "" || strings.Count(out, "GRANT SELECT") != 1 || strings.Contains(out, "outbox") {
			t.Fatalf("without the right to one table it prints %q, %q, exit code %d", out, complaint, code)
		}
		for line := range strings.Lines(out) {
			s.Run(t, strings.TrimSpace(line))
		}
		if out, complaint, code := grants(t, config(s.URL)); out != "" || code != 0 {
			t.Errorf("with the printed rights it prints %q, %q, exit code %d", out, complaint, code)
		}
		out, complaint, code = grants(t, config(s.As(s.User, "wrong")))
		if out != "" || code != 1 || !strings.Contains(complaint, "outbox/relay") || strings.Contains(complaint, "GRANT") {
			t.Errorf("with a wrong password it prints %q, %q, exit code %d", out, complaint, code)
		}
	})
}

// TestRealKafkaGrantsAreOnlyWhatIsMissing pastes the text of check --grants, with
// kafka-acls.sh of the broker's own version.
func TestRealKafkaGrantsAreOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	b, sasl, jars := kafka(t), server(t, "KAFKA_SASL_ADDR"), server(t, "KAFKA_JARS")
	orders := b.topic("orders", 1)
	b.send(orders, 0, "o-1")
	b.commits(b.prefix+"-billing", orders, 0)
	user := "grants of " + b.prefix
	if results, err := b.admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
		Name: user, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096, Salt: []byte("salt"), Password: []byte("watcher-secret"),
	}}); err != nil || results[0].ErrorCode != sarama.ErrNoError {
		t.Fatal(err, results)
	}
	config := func(password string) string {
		return fmt.Sprintf(`kafka: [{name: main, brokers: ['%s'], sasl: {mechanism: SCRAM-SHA-256, username: "%s", password: %s},
    topics: {include: ['%s.*']}, groups: {include: ['%s-bil.*']}, order_id: key}]`, sasl, user, password, regexp.QuoteMeta(b.prefix), b.prefix)
	}
	// run pastes lines, at the address at which the test may give rights.
	run := func(lines string) {
		t.Helper()
		shell(t, "kafka-acls.sh", `exec java -cp "`+jars+`/*" org.apache.kafka.tools.AclCommand "$@" 2>&1`, strings.ReplaceAll(lines, sasl, b.addr))
	}
	// prints waits until check prints a line for each of these rights, and nothing else: a broker learns of rights a
	// moment later.
	prints := func(rights ...string) (out string) {
		t.Helper()
		eventually(t, "check --grants prints "+strings.Join(rights, " and "), func() (bool, string) {
			var complaint string
			var code int
			out, complaint, code = grants(t, config("watcher-secret"))
			ok := strings.Count(out, "\n") == len(rights) && complaint == "" && (code == 0) == (len(rights) == 0)
			for _, right := range rights {
				ok = ok && strings.Count(out, right) == 1
			}
			return ok, fmt.Sprintf("%q, %q, exit code %d", out, complaint, code)
		})
		return out
	}
	const topics, groups, messages = "--operation Describe --operation DescribeConfigs", "--operation Describe --resource-pattern-type prefixed --group", "--operation Read"
	if out, complaint, code := grants(t, config("wrong")); out != "" || code != 1 || !strings.Contains(complaint, "kafka/main") {
		t.Errorf("with a wrong password it prints %q, %q, exit code %d", out, complaint, code)
	}
	all := prints(topics, groups, messages)
	lines := strings.SplitAfter(all, "\n")
	run(lines[0])
	rest := prints(groups, messages)
	run(rest)
	prints()
}

// TestRealRabbitGrantsAreOnlyWhatIsMissing runs the printed commands with the real rabbitmqctl.
// It runs before tests that stop a node: a cluster of two then takes no change.
func TestRealRabbitGrantsAreOnlyWhatIsMissing(t *testing.T) {
	ctl := server(t, "RABBITMQCLUSTER_CTL")
	first := func(variable string) string { return strings.Fields(server(t, variable))[0] }
	b := &rabbit{t: t, management: first("RABBITMQCLUSTER_URLS"), plugin: first("RABBITMQCLUSTER_PROMETHEUS_URLS"), vhost: unique(t) + "/a &%2F"}
	b.user, b.password, _ = strings.Cut(server(t, "RABBITMQCLUSTER_LOGIN"), ":")
	vhost := url.PathEscape(b.vhost)
	b.call("PUT", "/api/vhosts/"+vhost, "{}")
	t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+vhost, "") })
	user := "it's-" + strings.ReplaceAll(unique(t), "/", "-")
	b.call("PUT", "/api/queues/"+vhost+"/orders", `{"durable":true,"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}}`)
	b.call("PUT", "/api/queues/"+vhost+"/dead", `{"durable":true}`)
	b.call("POST", "/api/exchanges/"+vhost+"/amq.default/publish", `{"properties":{},"routing_key":"dead","payload":"{}","payload_encoding":"string"}`)
	path := "/api/users/" + url.PathEscape(user)
	b.call("PUT", path, `{"password":"watcher-secret","tags":""}`)
	t.Cleanup(func() { b.call("DELETE", path, "") })
	config := func(password string, peek bool) string {
		return fmt.Sprintf(`rabbitmq: [{name: main, url: '%s', prometheus_url: '%s', username: "%s", password: %s, peek: %t, vhosts: {include: ['%s']}}]`,
			b.management, b.plugin, user, password, peek, b.vhost)
	}
	prints := func(peek bool, rights ...string) string {
		t.Helper()
		out, complaint, code := grants(t, config("watcher-secret", peek))
		if strings.Count(out, "\n") != len(rights) || complaint != "" || (code == 0) != (len(rights) == 0) {
			t.Fatalf("it prints %q, %q, exit code %d", out, complaint, code)
		}
		for _, right := range rights {
			if strings.Count(out, right) != 1 {
				t.Fatalf("it prints %q, want %s", out, right)
			}
		}
		return out
	}
	run := func(lines string) { t.Helper(); shell(t, "rabbitmqctl", `exec "`+ctl+`" 0 "$@"`, lines) }
	if out, complaint, code := grants(t, config("wrong", false)); out != "" || code != 1 || !strings.Contains(complaint, "rabbitmq/main") {
		t.Errorf("with a wrong password it prints %q, %q, exit code %d", out, complaint, code)
	}
	run(prints(false, "set_user_tags", "set_permissions"))
	prints(false)
	run("rabbitmqctl clear_permissions -p '" + b.vhost + "' '" + strings.ReplaceAll(user, "'", `'\''`) + "'")
	run(prints(false, "set_permissions"))
	prints(false)
	run(prints(true, "'^dead$'"))
	prints(true)
}
