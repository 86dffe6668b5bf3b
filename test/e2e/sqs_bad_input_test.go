//go:build integration

package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRealBrokenSQSHidesNoOther watches a healthy endpoint and, beside it, every kind of
// broken one.
func TestRealBrokenSQSHidesNoOther(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDHOME")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wr0ng-but-l0ng-enough")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", put(t, "credentials", ""))
	t.Setenv("AWS_CONFIG_FILE", put(t, "config", ""))
	endpoint := server(t, "SQS_ENDPOINT")
	prefix := unique(t) + "-"
	well := openCloud(t, endpoint, "eu-central-1", prefix, nil)
	well.queue("orders", 1)

	endless := func(w http.ResponseWriter, r *http.Request, chunk string) {
		_, _ = io.WriteString(w, `{"QueueUrls":["`)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
			if len(chunk) == 1 {
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-t.Context().Done():
				}
			}
		}
	}
	refuse := func(code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":"no"}`, code)
		}
	}
	says := map[string]string{}
	config := settings{}
	add := func(name, at, want string) {
		config.add("sqs", "name: "+name, "region: eu-central-1", "endpoint: "+at, "queues: {prefix: "+prefix+"}", "cloudwatch: {enabled: false}",
			"objectives: [{max_age: 1h, dlq: none}]", schedule())
		says["sqs/"+name] = want
	}
	add("well", endpoint, "")
	add("nobody", "http://"+freePort(t), "cannot connect")
	for name, broken := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"unauthorized": {refuse("UnrecognizedClientException"), "the credentials are unknown in region eu-central-1"},
		"forbidden":    {refuse("AccessDeniedException"), "not authorized; grant sqs:ListQueues"},
		"throttled":    {refuse("ThrottlingException"), "throttled by AWS (ThrottlingException)"},
		"not-found":    {http.NotFound, "is not from AWS; check endpoint and region"},
		"page": {
			func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "<!doctype html><title>Sign in</title>")
			},
			"is not from AWS; check endpoint and region",
		},
		"cut": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, `{"QueueUrls":[`)
			},
			"is truncated",
		},
		"slow": {func(w http.ResponseWriter, r *http.Request) { endless(w, r, "x") }, "timeout: no answer within"},
		"huge": {func(w http.ResponseWriter, r *http.Request) { endless(w, r, strings.Repeat("x", 1<<16)) }, "answer"}, // is larger than 32 MiB, or on a slow machine none in time
	} {
		there := httptest.NewServer(broken.answer)
		t.Cleanup(there.Close)
		add(name, there.URL, broken.want)
	}
	p := start(t, config)
	for name, want := range says {
		eventually(t, name+" says what is wrong", func() (bool, string) {
			now := p.target(name)
			return strings.Contains(now.Error, want) && (want == "") == (now.Error == ""), inJSON(now)
		})
	}
	well.queue("payments", 3)
	eventually(t, "the one that is well stays fresh", func() (bool, string) {
		got, ok := p.value("lostorder_queue_messages", "cluster=well", "messaging_destination_name="+prefix+"payments", "messaging_message_state=ready")
		return ok && got == 3, fmt.Sprint(got, ok)
	})
	if n := len(p.metrics()["lostorder_queue_messages"].GetMetric()); n != 6 {
		t.Errorf("there are %d series of depths, want three of each of the two queues that there are", n)
	}
	if strings.Contains(p.log.text()+inJSON(p.targets()), "wr0ng-but-l0ng-enough") {
		t.Error("a credential is shown")
	}
}
