//go:build integration

package rabbitmq_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/signal"
)

// usesPlugin reports whether a reading came from the prometheus plugins.
func usesPlugin(r signal.Report) bool {
	return !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "the prometheus plugin cannot be used") })
}

// TestRealPrometheusPluginThatWantsALoginGetsIt: prometheus.authentication.enabled of RabbitMQ 4.
func TestRealPrometheusPluginThatWantsALoginGetsIt(t *testing.T) {
	c := theCluster(t)
	ctl := os.Getenv("RABBITMQCLUSTER_CTL")
	require := func(yes string) {
		for _, node := range []string{"0", "1"} {
			if text, err := exec.Command(ctl, node, "eval", "application:set_env(rabbitmq_prometheus, authentication, [{enabled, "+yes+"}]).").CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, text)
			}
		}
	}
	c.on(0).declare("orders", amqp.Table{"x-queue-type": "quorum"})
	require("true")
	defer require("false")
	answer, err := http.Get(c.plugins[0] + "/metrics/detailed?family=queue_coarse_metrics")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Fatalf("without a login the plugin answers %s", answer.Status)
	}
	r, err := read(t, c.settings(c.urls, c.plugins))
	if err != nil || queueOf(r, c.name("orders")) == nil || !usesPlugin(r) || len(r.Losses) == 0 {
		t.Errorf("got %v, warnings %q, %d losses", err, r.Warnings, len(r.Losses))
	}
}

// TestRealProxyInFrontOfThePluginGetsTheLoginItAsksFor, and one that asks for none gets none.
func TestRealProxyInFrontOfThePluginGetsTheLoginItAsksFor(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *broker) {
		b.declare("orders", nil)
		to, err := url.Parse(b.prometheus)
		if err != nil {
			t.Fatal(err)
		}
		for name, test := range map[string]struct {
			asks     bool
			password string // that the proxy wants
			warning  string
		}{
			"no login":            {false, "", ""},
			"the user's login":    {true, b.password, ""},
			"another one's login": {true, "another", "not authenticated (401)"},
		} {
			var given, open atomic.Int64
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(to)
				r.Out.Header.Del("Authorization")
			}}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, ok := r.BasicAuth()
				if ok {
					given.Add(1)
				}
				if test.asks && (user != b.user || password != test.password) {
					w.Header().Set("WWW-Authenticate", `Basic realm="metrics"`)
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				open.Add(1)
				proxy.ServeHTTP(w, r)
			}))
			var r signal.Report
			reader := rabbitmq.NewReader(b.settings([]string{b.management}, []string{server.URL}))
			err := reader.Read(t.Context(), &r)
			_ = reader.Close()
			server.Close()
			if queueOf(r, b.name("orders")) == nil {
				t.Errorf("%s: got %v %+v", name, err, r.Queues)
			}
			if (given.Load() > 0) != test.asks || (open.Load() > 0) != (test.warning == "") {
				t.Errorf("%s: the login was given %d times, %d requests passed", name, given.Load(), open.Load())
			}
			all := strings.Join(r.Warnings, "; ")
			if err != nil {
				all += "; " + err.Error()
			}
			if !strings.Contains(all, test.warning) || test.warning == "" && (err != nil || !usesPlugin(r)) || strings.Contains(all, b.password) {
				t.Errorf("%s: got %q, want %q", name, all, test.warning)
			}
		}
	})
}
