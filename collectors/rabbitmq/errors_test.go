package rabbitmq_test

import (
	"strings"
	"testing"
)

func TestReadErrorNamesCauseAndRemedy(t *testing.T) {
	for name, test := range map[string]struct {
		trouble func(f *fake)
		more    string
		queues  int
		err     string // empty: none
		warning string
	}{
		"a wrong password":                {func(f *fake) { f.fail("/api/overview", 401) }, "", 0, "not authenticated (401); check username and password", ""},
		"a disabled management plugin":    {func(f *fake) { f.fail("/api/overview", 404) }, "", 4, "not found (404); enable the plugin", ""},
		"HTML instead of JSON":            {func(f *fake) { f.set("/api/overview", "<!doctype html><p>hi") }, "", 0, "the answer is not JSON", ""},
		"JSON of another kind":            {func(f *fake) { f.set("/api/overview", "[1]") }, "", 0, "the answer is not JSON", ""},
		"JSON that was cut off":           {func(f *fake) { f.set("/api/queues", `[{"vhost":"/"`) }, "", 0, "read queues: ", ""},
		"a body that was cut off":         {func(f *fake) { f.set("/api/queues", `[{"vhost":"/","name":"orders"},<cut>`) }, "", 0, "the answer was cut off", ""},
		"a body without end":              {func(f *fake) { f.set("/api/queues", strings.Repeat(" ", 9<<20)) }, "", 0, "the answer is larger than any answer of RabbitMQ", ""},
		"policies without permission":     {func(f *fake) { f.fail("/api/policies", 403) }, "", 4, "read policies: ", ""},
		"bindings without permission":     {func(f *fake) { f.fail("/api/bindings", 403) }, "", 4, "read bindings: ", ""},
		"a disabled prometheus plugin":    {func(f *fake) { f.fail("/metrics/detailed", 404) }, "", 4, "", "because the prometheus plugin cannot be used"},
		"metrics that are HTML":           {func(f *fake) { f.set("/metrics/detailed", "<html>") }, "", 4, "", "the answer is not from the prometheus plugin"},
		"metrics that were cut off":       {func(f *fake) { f.set("/metrics/detailed", detailed[:len(detailed)-5]) }, "", 4, "", "the answer was cut off"},
		"metrics without a body":          {func(f *fake) { f.set("/metrics/detailed", "<cut>") }, "", 4, "", "the answer was cut off"},
		"a node without a prometheus_url": {func(f *fake) { f.set("/api/nodes", `[{"name":"a","running":true},{"name":"b","running":true}]`) }, "", 4, "", "the cluster has 2 nodes and prometheus_url has 1 addresses"},
		"an alarm that blocks publishers": {func(f *fake) { f.set("/api/nodes", `[{"name":"a","running":true,"mem_alarm":true}]`) }, "", 4, "", "node a is out of memory and blocks publishers"},
		"statistics without a column": {func(f *fake) {
			f.fail("/metrics/detailed", 404)
			f.set("/api/queues", `[{"vhost":"/","name":"orders","type":"classic","messages_ready":1,"messages_unacknowledged":0,"message_stats":[]}]`)
		}, "", 1, "", "because the prometheus plugin cannot be used"},
		"a queue deleted while it is read": {func(f *fake) { f.set("/metrics/detailed", strings.ReplaceAll(detailed, `"failed"`, `"another"`)) }, "", 4, "", ""},
		"a virtual host without permission": {func(f *fake) {
			for _, what := range []string{"queues", "policies", "operator-policies", "exchanges", "bindings"} {
				f.set("/api/"+what+"/%2F", f.answers["/api/"+what])
				f.fail("/api/"+what+"/b", 403)
			}
		}, "vhosts: {include: [/, b]}", 3, "read virtual host b: permission denied", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			test.trouble(f)
			more := []string{"interval: 1s"}
			if test.more != "" {
				more = append(more, test.more)
			}
			r, err := read(t, settings(t, f.URL, more...))
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("got %v\nwant %s", err, test.err)
			}
			if len(r.Queues) != test.queues {
				t.Errorf("got %d queues, want %d", len(r.Queues), test.queues)
			}
			if warnings := strings.Join(r.Warnings, "; "); (warnings == "") != (test.warning == "") || !strings.Contains(warnings, test.warning) {
				t.Errorf("got the warnings %q", warnings)
			}
		})
	}
}

func TestNextNodeIsReadWhenOneIsDown(t *testing.T) {
	f, gone := serve(t), serve(t)
	gone.Close()
	c := settings(t, f.URL)
	c.URL = []string{gone.URL, f.URL}
	if r, err := read(t, c); err != nil || len(r.Queues) != 4 {
		t.Errorf("got %v and %d queues", err, len(r.Queues))
	}
}
