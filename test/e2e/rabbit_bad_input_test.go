//go:build integration

package e2e_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/web/api"
)

const wrongRabbitPassword = "Wr0ng/Rabbit:pa55word"

// login creates a user with a tag and permissions on the test's virtual host, and returns
// its target settings.
func (b *rabbit) login(tag string) (lines map[string]string) {
	b.t.Helper()
	name := unique(b.t) + tag
	b.call("PUT", "/api/users/"+name, fmt.Sprintf(`{"password": %q, "tags": %q}`, b.password, tag))
	b.t.Cleanup(func() { b.call("DELETE", "/api/users/"+name, "") })
	b.call("PUT", "/api/permissions/"+url.PathEscape(b.vhost)+"/"+name, `{"configure": "^$", "write": "^$", "read": "^$"}`)
	return map[string]string{"username": name}
}

// spoiled is a proxy that corrupts the responses below a path.
func spoiled(t *testing.T, server, path string, spoil func(body io.Reader) io.Reader) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	proxy.ModifyResponse = func(answer *http.Response) error {
		if strings.HasPrefix(answer.Request.URL.Path, path) {
			answer.Body = struct {
				io.Reader
				io.Closer
			}{spoil(answer.Body), answer.Body}
		}
		return nil
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

// cutOff sends only the beginning of a response.
func cutOff(body io.Reader) io.Reader { return io.LimitReader(body, 20) }

// dripping sends a response one byte at a time.
type dripping struct{ from io.Reader }

func (d dripping) Read(p []byte) (int, error) {
	time.Sleep(500 * time.Millisecond)
	return d.from.Read(p[:1])
}

func drip(body io.Reader) io.Reader { return dripping{body} }

// TestRealBrokenRabbitIsReportedAndHidesNoOther watches a healthy broker and, beside
// it, the same broker with everything that can be wrong.
func TestRealBrokenRabbitIsReportedAndHidesNoOther(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title>\n")
	}))
	t.Cleanup(page.Close)
	eachRabbit(t, func(t *testing.T, b *rabbit) {
		b.declare("orders", "quorum")
		b.send("orders", orders(3)...)
		b.shows("orders", `"messages_ready":3`)
		other := b.vhost + "-other"
		b.call("PUT", "/api/vhosts/"+url.PathEscape(other), "{}")
		t.Cleanup(func() { b.call("DELETE", "/api/vhosts/"+url.PathEscape(other), "") })
		nobody, new := "http://"+freePort(t), b.prefix == "RABBITMQ"
		hidden, plugin := "permission denied; give the user the tag monitoring", "read losses of node"
		if new {
			hidden, plugin = "it does not exist, or the user has no permissions on it", ""
		}

		red, partial := map[string]string{}, map[string]string{}
		config := b.watch(within(time.Hour))
		add := func(says map[string]string, name, what string, others map[string]string) {
			all := map[string]string{
				"name": name, "url": b.management, "prometheus_url": b.plugin, "username": b.user, "password": fmt.Sprintf("%q", b.password),
				"vhosts": fmt.Sprintf("{include: [%q]}", b.vhost), "config_interval": "1s", "interval": interval.String(), "timeout": "5s",
				"objectives": "[{max_age: 1h, dlq: none}]",
			}
			maps.Copy(all, others)
			var lines []string
			for _, key := range slices.Sorted(maps.Keys(all)) {
				lines = append(lines, key+": "+all[key])
			}
			config.add("rabbitmq", lines...)
			says["rabbitmq/"+name] = what
		}
		queues, detailed := "/api/queues/", "/metrics/detailed"
		add(red, "wrong-password", "not authenticated (401); check username and password", map[string]string{"password": fmt.Sprintf("%q", wrongRabbitPassword)})
		add(red, "no-tag", "permission denied; give the user the tag monitoring", b.login(""))
		add(partial, "tag-of-less", "read nodes: ", b.login("management"))
		one := b.login("monitoring")
		one["vhosts"] = fmt.Sprintf("{include: [%q, %q]}", b.vhost, other)
		add(partial, "one-virtual-host-is-forbidden", "read virtual host "+other+": "+hidden, one)
		add(red, "no-such-virtual-host", "read virtual host nowhere: it does not exist", map[string]string{"vhosts": "{include: nowhere}"})
		add(red, "nobody-listens", "connection refused", map[string]string{"url": nobody, "prometheus_url": nobody})
		add(red, "unknown-host", "no-such-host.invalid", map[string]string{"url": "http://no-such-host.invalid:15672", "prometheus_url": nobody})
		add(partial, "management-is-off", "read overview: ", map[string]string{"url": nobody})
		add(partial, "address-of-the-plugin", "not found (404); enable the plugin", map[string]string{"url": b.plugin})
		add(red, "html", "the answer is not JSON; check that this is the address of the management API", map[string]string{"url": page.URL})
		add(red, "cut-off", "the answer was cut off", map[string]string{"url": spoiled(t, b.management, queues, cutOff)})
		add(red, "drips", "context deadline exceeded", map[string]string{"url": spoiled(t, b.management, queues, drip)})
		// The management API replaces a plugin that cannot be used.
		add(partial, "plugin-html", plugin, map[string]string{"prometheus_url": page.URL})
		add(partial, "plugin-cut-off", "", map[string]string{"prometheus_url": spoiled(t, b.plugin, detailed, cutOff)})
		add(partial, "plugin-drips", "", map[string]string{"prometheus_url": spoiled(t, b.plugin, detailed, drip)})

		p := start(t, config)
		for target, says := range red {
			got := p.becomes(target, false, says)
			if strings.Contains(got.Error, "\n") || len(got.Error) > 400 || got.Readings != (api.Readings{}) {
				t.Errorf("%s: the error is not one clear line: %s", target, inJSON(got))
			}
			t.Logf("%s: %s", target, got.Error)
		}
		for target, says := range partial {
			got := p.becomes(target, true, says)
			eventually(t, target+" tells of its queues", func() (bool, string) { // a busy machine may be late with a reading
				got = p.target(target)
				return got.Up && got.Readings.Queues > 0 && strings.Contains(got.Error, says), inJSON(got)
			})
			if strings.Contains(got.Error, "\n") || len(got.Error) > 400 {
				t.Errorf("%s: the error is not one clear line: %s", target, inJSON(got))
			}
			t.Logf("%s: %s %q", target, got.Error, got.Warnings)
		}
		p.fresh(watchFor, "rabbitmq/main")
		b.sees(p, "lostorder_queue_messages", 3, "orders", "cluster=main", "messaging_message_state=ready")
		p.keepsSecrets(b.password, wrongRabbitPassword)
	})
}
