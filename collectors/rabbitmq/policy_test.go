package rabbitmq_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

func TestPolicyPatternIsEvaluatedAsTheBrokerDoes(t *testing.T) {
	const other = `,{"vhost":"/","pattern":".*","apply-to":"all","priority":PRIORITY,"definition":{"message-ttl":1000}}`
	slow := `^(?!amq)(a|aa|` + strings.Repeat("a?", 40) + `)+$`
	for name, test := range map[string]struct {
		pattern, more string
		queue         string
		route         signal.DeadLetteringRoute
		retention     time.Duration
	}{
		"a negative lookahead matches":                            {`^(?!amq\\.|graveyard).*`, "", "orders", signal.RouteBroken, 0},
		"a negative lookahead excludes a name":                    {`^(?!amq\\.|orders).*`, "", "orders", signal.RouteNone, 0},
		"an invalid pattern leaves the settings unknown":          {`(`, "", "orders", signal.RouteUnknown, 0},
		"a pattern that backtracks too long is unknown":           {slow, "", strings.Repeat("a", 60) + "!", signal.RouteUnknown, 0},
		"a policy of higher priority decides without the unknown": {`(`, strings.Replace(other, "PRIORITY", "9", 1), "orders", signal.RouteNone, time.Second},
		"a policy of lower priority may be overridden: unknown":   {`(`, strings.Replace(other, "PRIORITY", "0", 1), "orders", signal.RouteUnknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set("/api/queues", `[{"vhost":"/","name":"`+test.queue+`","type":"classic","arguments":{}}]`)
			f.set("/api/operator-policies", "[]")
			f.set("/api/exchanges", "[]")
			f.set("/api/policies", `[{"vhost":"/","pattern":"`+test.pattern+`","apply-to":"queues","priority":1,"definition":{"dead-letter-exchange":"dlx"}}`+test.more+`]`)
			f.set("/metrics/detailed", strings.ReplaceAll(detailed, `queue="orders"`, `queue="`+test.queue+`"`))
			r, err := read(t, settings(t, f.URL))
			if err != nil {
				t.Fatal(err)
			}
			if s := queueOf(r, test.queue).Setup; s.DeadLettering.Route != test.route || s.Retention != test.retention {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestPrometheusPluginBehindALoginGetsTheCredentials(t *testing.T) {
	f := serve(t)
	for _, path := range []string{"/metrics", "/metrics/detailed"} {
		answer := f.answers[path]
		f.raw(path, func(w http.ResponseWriter, r *http.Request) {
			if user, pass, _ := r.BasicAuth(); user != "lostorder" || pass != password {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(answer))
		})
	}
	r, err := read(t, settings(t, f.URL))
	if err != nil || len(r.Warnings) != 0 || len(r.Queues) != 4 || len(r.Losses) != 3 {
		t.Errorf("got %v, %q, %d queues, %d losses", err, r.Warnings, len(r.Queues), len(r.Losses))
	}
}
