package rabbitmq_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/internal/config"
)

func TestConfigOfTwoKeysHasDefaults(t *testing.T) {
	c := parse(t, "rabbitmq: [{name: a, url: 'http://rabbit:15672'}]")
	if time.Duration(c.ConfigInterval) != 5*time.Minute || time.Duration(c.Interval) != 15*time.Second {
		t.Errorf("got %+v", c)
	}
}

func TestBadConfigIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"an address that is none": {
			"rabbitmq: [{name: a, url: rabbit}]",
			"rabbitmq[0].url[0]: not an http or https address; write for example http://localhost:15672",
		},
		"a password in the address": {
			"rabbitmq: [{name: a, url: 'http://u:p@rabbit:1'}]",
			"rabbitmq[0].url[0]: contains a user; set username and password instead",
		},
		"a password without a user": {
			"rabbitmq: [{name: a, url: 'http://rabbit:1', password: x}]",
			"rabbitmq[0].username: missing; password needs the user beside it",
		},
		"a certificate without its key": {
			"rabbitmq: [{name: a, url: 'http://rabbit:1', tls: {cert_file: a.pem}}]",
			"rabbitmq[0].tls.key_file: missing; cert_file needs its key",
		},
		"an order id that is nowhere": {
			"rabbitmq: [{name: a, url: 'http://rabbit:1', peek: true, order_id: key}]",
			`rabbitmq[0].order_id: "key" is not message_id, correlation_id or header:NAME`,
		},
		"a header without a name": {
			"rabbitmq: [{name: a, url: 'http://rabbit:1', peek: true, order_id: 'header:'}]",
			`rabbitmq[0].order_id: "header:" is not message_id, correlation_id or header:NAME`,
		},
		"an order id without a look": {
			"rabbitmq: [{name: a, url: 'http://rabbit:1', order_id: message_id}]",
			"rabbitmq[0].order_id: needs peek: true",
		},
		"no address": {"rabbitmq: [{name: a}]", "rabbitmq[0].url: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("test.yml", []byte(test.text), ".", []config.Section{rabbitmq.Source().Section})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestPasswordInAnAddressIsRefusedAndNotRepeated: whatever it contains, no part of it is taken
// for the host, and no error repeats it.
func TestPasswordInAnAddressIsRefusedAndNotRepeated(t *testing.T) {
	for _, key := range []string{"url", "prometheus_url"} {
		collectortest.RefusesPasswords(t, func(address string) error {
			text := fmt.Sprintf("rabbitmq: [{name: a, url: 'http://rabbit:1', %[1]s: %[2]q}]", key, address)
			if key == "url" {
				text = fmt.Sprintf("rabbitmq: [{name: a, url: %q}]", address)
			}
			_, err := config.Parse("test.yml", []byte(text), ".", []config.Section{rabbitmq.Source().Section})
			return err
		}, "http://%s@rabbit:15672", "https://%s@rabbit", "amqp://%s@rabbit:5672/shop", "amqps://%s@rabbit", "%s@rabbit:15672")
	}
}
