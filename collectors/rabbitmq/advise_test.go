package rabbitmq_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
)

// TestFirstReadingWarnsOfHiddenAndUnmatchedQueues: a broker hides what a user has no permission for, so it looks
// empty and healthy. So does a broker on which a pattern matches nothing.
func TestFirstReadingWarnsOfHiddenAndUnmatchedQueues(t *testing.T) {
	const orders = `[{"vhost":"/","name":"orders","type":"quorum","arguments":{"x-dead-letter-exchange":"dlx"}},{"vhost":"/","name":"failed","type":"classic","arguments":{}}]`
	tags := "rabbitmqctl set_user_tags lostorder monitoring"
	sees := func(vhost, read string) string {
		return "rabbitmqctl set_permissions -p " + vhost + " lostorder '^$' '^$' " + read
	}
	for name, test := range map[string]struct {
		queues   string   // as the management API lists them; empty: all
		config   []string // and what it says
		warnings []string
		paste    []string
	}{
		"all is seen": {paste: []string{tags, sees("/", "'^$'"), sees("a/b", "'^$'")}},
		"of a virtual host nothing is": {
			queues: orders, paste: []string{tags, sees("/", "'^$'"), sees("a/b", "'^$'")},
			warnings: []string{"only counters are known of the queues in virtual host a/b; give the user permissions on it, or exclude it in vhosts"},
		},
		"nothing at all is": {
			queues: "[]", config: []string{"vhosts: {exclude: [/, a/b]}"}, paste: []string{tags, sees("/", "'^$'")},
			warnings: []string{"no queue is visible: the cluster has none, or the user has no permissions on the virtual hosts"},
		},
		"patterns that match nothing": {
			config: []string{"vhosts: {include: ['/', 'shop.*']}", "queues: {include: [orders, order]}"}, paste: []string{tags, sees("/", "'^$'")},
			warnings: []string{`vhosts.include "shop.*" matches no virtual host with a visible queue`, `queues.include "order" matches no queue`},
		},
		"dead letters are looked at": {queues: orders, config: []string{"peek: true", "vhosts: {exclude: a/b}"}, paste: []string{tags, sees("/", "'^failed$'")}},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t)
			f.set("/api/queues/%2F/failed/get", "[]")
			if test.queues != "" {
				f.set("/api/queues", test.queues)
			}
			e := collectors.Examine(t.Context(), rabbitmq.Target(settings(t, f.URL, test.config...)))
			if e.Report.Err != nil || !slices.Equal(e.Report.Warnings, test.warnings) {
				t.Errorf("error %v, warnings %q, want %q", e.Report.Err, e.Report.Warnings, test.warnings)
			}
			if len(e.Advice) != 1 || e.Advice[0].Paste != strings.Join(test.paste, "\n") {
				t.Errorf("advises %+v, want %q", e.Advice, test.paste)
			}
		})
	}
}

// TestPortForAMQPIsNamedInTheError is what people name first.
func TestPortForAMQPIsNamedInTheError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096)) // it answers what it does not understand
			_, _ = io.WriteString(c, "AMQP\x03\x01\x00\x00")
			_ = c.Close()
		}
	}()
	_, err = read(t, settings(t, "http://"+l.Addr().String()))
	if err == nil || !strings.Contains(err.Error(), "this port speaks AMQP; use the port of the management API, usually 15672") {
		t.Errorf("it says %v", err)
	}
}
