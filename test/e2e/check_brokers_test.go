//go:build integration

package e2e_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/IBM/sarama"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
)

// paste runs the commands of advice in a shell, with a stand-in for the tool that they call,
// and returns the output.
func paste(t *testing.T, tool, script string, advice []collectors.Advice) string {
	t.Helper()
	var text strings.Builder
	for _, a := range advice {
		text.WriteString(a.Paste + "\n")
	}
	return shell(t, tool, script, text.String())
}

// shell is paste for text.
func shell(t *testing.T, tool, script, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "admin.properties"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-ec", text) //nolint:gosec // that it can be pasted is what is tested
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("paste %s: %v\n%s", text, err, out)
	}
	return string(out)
}

// warns reports whether a target has a warning that contains a text.
func warns(c checkup.Target, text string) bool {
	for _, a := range c.Advice {
		if a.Kind == collectors.Warning && strings.Contains(a.Text, text) {
			return true
		}
	}
	return false
}

// TestRealKafkaACLsPrintedByCheckAreSufficientAndMinimal: check tells a
// user without ACLs that it sees nothing. With the printed ACLs it sees everything that the
// config names.
func TestRealKafkaACLsPrintedByCheckAreSufficientAndMinimal(t *testing.T) {
	t.Parallel()
	b, sasl, jars := kafka(t), server(t, "KAFKA_SASL_ADDR"), server(t, "KAFKA_JARS")
	orders := b.topic("orders", 1)
	b.topic("orders.dlq", 1)
	secret := b.topic("secret", 1)
	b.commits(b.prefix+"-billing", orders, 0)
	user := "it's " + b.prefix
	if results, err := b.admin.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
		Name: user, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096, Salt: []byte("salt"), Password: []byte("watcher-secret"),
	}}); err != nil || results[0].ErrorCode != sarama.ErrNoError {
		t.Fatal(err, results)
	}
	config := fmt.Sprintf(`kafka: [{name: main, brokers: ['%s'], sasl: {mechanism: SCRAM-SHA-256, username: "%s", password: watcher-secret},
    topics: {include: ['%s']}, groups: {include: ['%s-bil.*']}, order_id: key}]`, sasl, user, regexp.QuoteMeta(orders), b.prefix)

	before := checked(t, config)["kafka/main"]
	if !warns(before, "no topic is visible") {
		t.Errorf("for a user without rights check prints %+v", before)
	}
	grants := advised(map[string]checkup.Target{"": before}, collectors.Grant)
	acls := `exec java -cp "` + jars + `/*" org.apache.kafka.tools.AclCommand "$@" 2>&1`
	at := func(advice []collectors.Advice) []collectors.Advice { // the address at which the test may give rights
		for i := range advice {
			advice[i].Paste = strings.ReplaceAll(advice[i].Paste, sasl, b.addr)
		}
		return advice
	}
	if len(grants) != 3 {
		t.Fatalf("the advice is %+v", grants)
	}
	paste(t, "kafka-acls.sh", acls, at(grants[:1]))
	eventually(t, "the topic is seen, and that its messages are not", func() (bool, string) { // a broker learns of rights a moment later
		c := checked(t, config)["kafka/main"]
		return c.OK && c.Reachable == "2 topics, 1 consumer group, 1 dead letter queue" && warns(c, "order_id"), inJSON(c)
	})
	paste(t, "kafka-acls.sh", acls, at(grants[1:]))
	eventually(t, "nothing is left to mend", func() (bool, string) {
		c := checked(t, config)["kafka/main"]
		return c.OK && len(advised(map[string]checkup.Target{"": c}, collectors.Warning)) == 0, inJSON(c)
	})
	principal := "User:" + user // other tests give rights to users of their own
	acl, err := b.admin.ListAcls(sarama.AclFilter{Principal: &principal, ResourceType: sarama.AclResourceTopic, ResourcePatternTypeFilter: sarama.AclPatternMatch, ResourceName: &secret, PermissionType: sarama.AclPermissionAny, Operation: sarama.AclOperationAny})
	if err != nil || len(acl) > 0 {
		t.Errorf("more is allowed than is needed: %v %+v", err, acl)
	}
}

// TestRealRabbitPermissionsPrintedByCheckAreSufficientAndMinimal
// grants them through the management API, because rabbitmqctl must run on the broker's
// machine.
func TestRealRabbitPermissionsPrintedByCheckAreSufficientAndMinimal(t *testing.T) {
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		user := "it's-" + strings.ReplaceAll(unique(t), "/", "-")
		vhost := url.PathEscape(b.vhost)
		for _, q := range []string{"orders", "dead"} {
			b.call("PUT", "/api/queues/"+vhost+"/"+q, `{"durable":true,"arguments":`+map[string]string{
				"orders": `{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}`, "dead": "{}",
			}[q]+"}")
		}
		path := "/api/users/" + url.PathEscape(user)
		b.call("PUT", path, `{"password":"watcher-secret","tags":""}`)
		t.Cleanup(func() { b.call("DELETE", path, "") })
		config := fmt.Sprintf(`rabbitmq: [{name: main, url: '%s', prometheus_url: '%s', username: "%s", password: watcher-secret, peek: true, vhosts: {include: ['%s']}}]`,
			b.management, b.plugin, user, b.vhost)

		pasted := func(c checkup.Target) {
			t.Helper()
			words := strings.Split(paste(t, "rabbitmqctl", `printf '%s\0' "$@"`, advised(map[string]checkup.Target{"": c}, collectors.Grant)), "\x00")
			if len(words) != 3+7+1 || words[0] != "set_user_tags" || words[1] != user || words[3] != "set_permissions" || words[5] != b.vhost || words[6] != user {
				t.Fatalf("the advice is %q", words)
			}
			b.call("PUT", path, `{"password":"watcher-secret","tags":"`+words[2]+`"}`)
			b.call("PUT", "/api/permissions/"+vhost+"/"+url.PathEscape(user), inJSON(map[string]string{"configure": words[7], "write": words[8], "read": words[9]}))
		}
		before := checked(t, config)["rabbitmq/main"]
		if before.OK || !strings.Contains(before.Error, "give the user the tag monitoring") {
			t.Errorf("for a user without rights check prints %+v", before)
		}
		pasted(before)
		// Which queues are sampled is known only now.
		seen := checked(t, config)["rabbitmq/main"]
		pasted(seen)
		c := checked(t, config)["rabbitmq/main"]
		if !c.OK || c.Reachable != "2 queues, 1 dead letter queue" || len(advised(map[string]checkup.Target{"": c}, collectors.Warning)) > 0 {
			t.Errorf("with the rights: %+v", c)
		}
		if rights := b.call("GET", "/api/permissions/"+vhost+"/"+url.PathEscape(user), ""); !strings.Contains(rights, `"configure":"^$"`) || !strings.Contains(rights, `"read":"^dead$"`) {
			t.Errorf("the rights are %s", rights)
		}
	})
}
