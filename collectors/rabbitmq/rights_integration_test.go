//go:build integration

package rabbitmq_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// TestRealVirtualHostWithoutPermissionsIsReported: a user with the permissions of the README
// reads everything, including policies. A virtual host without permissions is never shown in
// part without a warning.
func TestRealVirtualHostWithoutPermissionsIsReported(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("orders", nil)
		b.publish("", "orders", 2)
		vhost := url.PathEscape(b.vhost)
		b.call("PUT", "/api/policies/"+vhost+"/p", `{"pattern":"^orders$","apply-to":"queues","definition":{"message-ttl":600000}}`)
		b.call("PUT", "/api/operator-policies/"+vhost+"/o", `{"pattern":"^orders$","apply-to":"queues","definition":{"max-length":9}}`)
		other := url.PathEscape(b.vhost + "-other")
		b.call("PUT", "/api/vhosts/"+other, "{}")
		t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+other, "") })
		b.call("PUT", "/api/queues/"+other+"/secret", `{"durable":true}`)
		b.call("PUT", "/api/users/watcher", `{"password":"`+b.password+`","tags":"monitoring"}`)
		t.Cleanup(func() { b.call("DELETE", "/api/users/watcher", "") })
		b.call("PUT", "/api/permissions/"+vhost+"/watcher", `{"configure":"^$","write":"^$","read":"^$"}`)

		c := parse(t, "rabbitmq: [{name: main, url: '"+b.management+"', prometheus_url: '"+b.prometheus+"', username: watcher, password: "+b.password+", vhosts: {exclude: none}, config_interval: 20ms}]")
		reader := rabbitmq.NewReader(c)
		defer func() { _ = reader.Close() }()
		r := b.await(reader, func(r signal.Report) bool {
			q := queueOf(r, b.name("orders"))
			hidden := slices.ContainsFunc(r.Warnings, func(w string) bool {
				return strings.Contains(w, "only counters are known of the queues in virtual host "+b.vhost+"-other")
			})
			// RabbitMQ 3 is read from the management API alone, which lists what the user may see.
			seen := queueOf(r, strings.TrimSuffix(b.name(""), "/")+"-other/secret") != nil
			return q != nil && q.Ready == 2 && q.Setup != nil && hidden == seen && seen == (b.prometheus == os.Getenv("RABBITMQ_PROMETHEUS_URL"))
		})
		if s := queueOf(r, b.name("orders")).Setup; s.Retention != 10*time.Minute || s.MaxMessages != 9 {
			t.Errorf("the policies are not read: %+v", s)
		}
		if queueOf(r, strings.TrimSuffix(b.name(""), "/")+"-other/secret") == nil && !slices.ContainsFunc(r.Warnings, func(w string) bool {
			return strings.Contains(w, "virtual host "+b.vhost+"-other are not watched") && strings.Contains(w, "rabbitmqctl set_permissions -p '"+b.vhost+"-other' watcher '^$' '^$' '^$'")
		}) {
			t.Errorf("the hidden virtual host is not named: %q", r.Warnings)
		}
		if advice := reader.(collectors.Adviser).Advise(t.Context()); !strings.Contains(advice[0].Paste, "-p '"+b.vhost+"-other' watcher") {
			t.Errorf("got %q", advice[0].Paste)
		}
		// With the tag management alone the broker lists no other virtual host: unknown, not whole.
		b.call("PUT", "/api/users/watcher", `{"password":"`+b.password+`","tags":"management"}`)
		weak := rabbitmq.NewReader(c)
		defer func() { _ = weak.Close() }()
		var partial signal.Report
		if err := weak.Read(t.Context(), &partial); err == nil || !strings.Contains(err.Error(), "permission denied; give the user the tag monitoring") {
			t.Errorf("got %v, want a partial reading", err)
		}
		if q := queueOf(r, strings.TrimSuffix(b.name(""), "/")+"-other/secret"); q != nil && (q.Ready.Known() || q.Partitions != nil) {
			t.Errorf("more is told than is known: %+v", q)
		}
	})
}
