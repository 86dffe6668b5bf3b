//go:build integration

package rabbitmq_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// cluster is a real RabbitMQ of two nodes; the broker is the first of them.
type cluster struct {
	*broker
	urls, tls, plugins, amqps []string
	ca                        string
}

func theCluster(t *testing.T) *cluster {
	t.Helper()
	env := func(name string) string {
		text := os.Getenv("RABBITMQCLUSTER_" + name)
		if text == "" {
			t.Fatalf("RABBITMQCLUSTER_%s is not set; run it with test/parts/run", name)
		}
		return text
	}
	c := &cluster{
		urls: strings.Fields(env("URLS")), tls: strings.Fields(env("TLS_URLS")),
		plugins: strings.Fields(env("PROMETHEUS_URLS")), amqps: strings.Fields(env("AMQP_URLS")), ca: env("CA"),
	}
	user, password, _ := strings.Cut(env("LOGIN"), ":")
	c.broker = &broker{t: t, management: c.urls[0], prometheus: c.plugins[0], user: user, password: password}
	c.vhost = fmt.Sprintf("test/%d", time.Now().UnixNano())
	c.call("PUT", "/api/vhosts/"+url.PathEscape(c.vhost), `{}`)
	t.Cleanup(func() { c.call("DELETE", "/api/vhosts/"+url.PathEscape(c.vhost), "") })
	return c
}

// on connects to a node.
func (c *cluster) on(node int) *broker {
	c.t.Helper()
	b := *c.broker
	// A virtual host that was made a moment ago is not yet on every node.
	deadline := time.Now().Add(2 * time.Minute)
	for {
		conn, err := amqp.DialConfig(c.amqps[node], amqp.Config{Vhost: c.vhost, Heartbeat: time.Minute})
		if err == nil {
			c.t.Cleanup(func() { _ = conn.Close() })
			if b.channel, err = conn.Channel(); err != nil {
				c.t.Fatal(err)
			}
			return &b
		}
		if time.Now().After(deadline) {
			c.t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// settings are those of an entry that watches the test's virtual host.
func (b *broker) settings(urls, plugins []string, more ...string) rabbitmq.Config {
	b.t.Helper()
	lines := append([]string{
		"name: main", fmt.Sprintf("url: [%s]", strings.Join(urls, ", ")), fmt.Sprintf("prometheus_url: [%s]", strings.Join(plugins, ", ")),
		"username: " + b.user, fmt.Sprintf("vhosts: {include: %q}", b.vhost), "config_interval: 20ms",
	}, more...)
	if !strings.Contains(strings.Join(more, " "), "password") {
		lines = append(lines, "password: "+b.password)
	}
	return parse(b.t, "rabbitmq:\n  - "+strings.Join(lines, "\n    ")+"\n")
}

// nowhere is an address without a listener.
func nowhere(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return "http://" + listener.Addr().String()
}

func TestRealClusterCountsEachQueueOnce(t *testing.T) {
	c := theCluster(t)
	names := []string{}
	for node := range 2 {
		b := c.on(node)
		for _, kind := range []string{"classic", "quorum"} {
			name := fmt.Sprint(kind, "-of-", node)
			names = append(names, name)
			b.declare(name, amqp.Table{"x-queue-type": kind})
			b.publish("", name, 7)
			for i, d := range b.take(name, 5) {
				if i < 2 {
					if err := d.Ack(false); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	for how, plugins := range map[string][]string{"by the plugins of both nodes": c.plugins, "by the management API": {nowhere(t), nowhere(t)}} {
		t.Run(how, func(t *testing.T) {
			reader := rabbitmq.NewReader(c.settings(c.urls, plugins, "timeout: 10s"))
			defer func() { _ = reader.Close() }()
			deadline := time.Now().Add(2 * time.Minute)
			for {
				var r signal.Report
				err := reader.Read(t.Context(), &r)
				wrong := ""
				for _, name := range names {
					q := queueOf(r, c.name(name))
					if q == nil || q.Ready+q.InFlight != 5 || q.Acknowledged != 2 || q.Published != 7 || q.Consumers != 1 || len(q.Partitions) != 1 || q.Partitions[0].End != 7 {
						wrong += fmt.Sprintf("%s: %+v\n", name, q)
					}
				}
				if wrong == "" && len(r.Alarms) == 4 && len(r.Queues) == len(names) {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%v, %d alarms, %d queues, warnings %q\n%s", err, len(r.Alarms), len(r.Queues), r.Warnings, wrong)
				}
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
}

func TestRealClusterIsReadWhileOneAddressIsDown(t *testing.T) {
	c := theCluster(t)
	c.on(0).declare("orders", nil)
	for name, test := range map[string]struct {
		urls, plugins []string
		warning       string
	}{
		"the first management address is dead": {[]string{nowhere(t), c.urls[1]}, c.plugins, ""},
		"one plugin of two is named":           {c.urls, c.plugins[:1], "the cluster has 2 nodes and prometheus_url has 1 addresses"},
		"one plugin of two is dead":            {c.urls, []string{c.plugins[0], nowhere(t)}, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := read(t, c.settings(test.urls, test.plugins))
			if queueOf(r, c.name("orders")) == nil {
				t.Fatalf("got %v, %+v", err, r.Queues)
			}
			if warnings := strings.Join(r.Warnings, "; "); !strings.Contains(warnings, test.warning) || (warnings == "") != (test.warning == "") {
				t.Errorf("the warnings %q", warnings)
			}
		})
	}
}

func TestRealCertificateIsVerified(t *testing.T) {
	c := theCluster(t)
	c.on(0).declare("orders", nil)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(c.password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ tls, err string }{
		"an authority that is trusted":       {"{ca_file: " + c.ca + "}", ""},
		"one that is not":                    {"{}", "certificate signed by unknown authority"},
		"a name that is not the server's":    {"{ca_file: " + c.ca + ", server_name: elsewhere.example}", "elsewhere.example"},
		"any certificate, in a test of ours": {"{insecure_skip_verify: true}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := read(t, c.settings(c.tls, c.plugins, "tls: "+test.tls, "password_file: "+file))
			if test.err == "" && (err != nil || queueOf(r, c.name("orders")) == nil) || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v, want %s", err, test.err)
			}
		})
	}
}

// TestRealManagementPluginDisabledIsReadFromPrometheus: the prometheus plugin's values are still reported.
func TestRealManagementPluginDisabledIsReadFromPrometheus(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		for _, kind := range []string{"classic", "quorum", "stream"} {
			b.declare(kind, amqp.Table{"x-queue-type": kind})
			b.publish("", kind, 3)
		}
		reader := rabbitmq.NewReader(b.settings([]string{nowhere(t)}, []string{b.prometheus}))
		defer func() { _ = reader.Close() }()
		deadline := time.Now().Add(2 * time.Minute)
		for {
			var r signal.Report
			err := reader.Read(t.Context(), &r)
			if err == nil || !strings.Contains(err.Error(), "read overview: ") || !strings.Contains(err.Error(), "connection refused") {
				t.Fatalf("got %v", err)
			}
			classic, quorum, stream := queueOf(r, b.name("classic")), queueOf(r, b.name("quorum")), queueOf(r, b.name("stream"))
			if classic != nil && quorum != nil && stream != nil && classic.InFlight == 0 && quorum.InFlight == 0 && len(r.Losses) > 0 && len(r.Alarms) == 2 {
				// Which of them is a stream only RabbitMQ 4 tells.
				typed := classic.Setup != nil && classic.Setup.Type == "classic" && stream.Setup.Type == "stream"
				ready := classic.Ready == 3 && quorum.Ready == 3 && classic.Published == 3 && len(classic.Partitions) == 1
				if new := b.prometheus == os.Getenv("RABBITMQ_PROMETHEUS_URL"); typed == new && ready == new && !stream.Ready.Known() {
					return
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("got %v %+v", err, r)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestRealPrometheusPluginDisabledIsReadFromManagement(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("orders", nil)
		b.publish("", "orders", 3)
		reader := rabbitmq.NewReader(b.settings([]string{b.management}, []string{nowhere(t)}))
		defer func() { _ = reader.Close() }()
		deadline := time.Now().Add(2 * time.Minute)
		for {
			var r signal.Report
			err := reader.Read(t.Context(), &r)
			q := queueOf(r, b.name("orders"))
			if q != nil && q.Ready == 3 && q.Published == 3 && len(r.Alarms) == 2 && r.Losses == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("got %v %+v", err, r)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// TestRealOddNamesAreReadUnchanged: a virtual host and a queue whose names are hard to write in an
// address, a pattern and a metric.
func TestRealOddNamesAreReadUnchanged(t *testing.T) {
	eachBroker(t, func(_ *testing.T, b *broker) {
		names := []string{"a/b", "%2F", "ü \"quoted\" \\ {x}", "日本", "a,b=\"c\"}", "tab\there"}
		for _, name := range names {
			b.declare(name, amqp.Table{"x-max-length": 9})
			b.publish("", name, 2)
		}
		reader := rabbitmq.NewReader(b.settings([]string{b.management}, []string{b.prometheus}))
		defer func() { _ = reader.Close() }()
		b.await(reader, func(r signal.Report) bool {
			for _, name := range names {
				if q := queueOf(r, b.name(name)); q == nil || q.Ready != 2 || q.Setup.MaxMessages != 9 {
					return false
				}
			}
			return len(r.Queues) == len(names)
		})
	})
}
