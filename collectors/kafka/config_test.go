package kafka_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/config"
)

func TestExampleConfigLoads(t *testing.T) {
	t.Setenv("KAFKA_PASSWORD", password)
	f, err := config.Load("example.yaml", []config.Section{kafka.Source().Section})
	if err != nil {
		t.Fatal(err)
	}
	targets := kafka.Source().Targets(f)
	if len(targets) != 1 || targets[0].ID.String() != "kafka/main" {
		t.Fatalf("got %v", targets)
	}
	c, ok := targets[0].Config.(kafka.Config)
	if !ok || c.SASL.Password.Reveal() != password || !c.TLS.Enabled || time.Duration(c.Objectives[1].MaxAge) != 26*time.Hour {
		t.Errorf("got %+v", targets[0].Config)
	}
}

func TestTheSmallestConfigHasDefaults(t *testing.T) {
	c := settings(t, []string{"localhost:9092"})
	if len(c.DLQ) != 15 || c.Granularity != "topic" || c.OrderID != "" || c.TLS != nil || c.SASL != nil ||
		time.Duration(c.Interval) != 15*time.Second || time.Duration(c.Timeout) != 10*time.Second {
		t.Errorf("got %+v", c)
	}
}

func TestConfigTypesAreDocumented(t *testing.T) {
	if err := config.Lint([]config.Section{kafka.Source().Section}); err != nil {
		t.Error(err)
	}
}

func TestInvalidConfigIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"an address without a port": {
			"kafka: [{name: a, brokers: [kafka]}]",
			`test.yml:1:29: kafka[0].brokers[0]: "kafka" is not host:port; write for example localhost:9092`,
		},
		"a port that is not a number": {
			"kafka: [{name: a, brokers: ['kafka:9092:x', 'kafka:ninety', '[::1]:9092']}]",
			`test.yml:1:29: kafka[0].brokers[0]: "kafka:9092:x" is not host:port; write for example localhost:9092
test.yml:1:45: kafka[0].brokers[1]: "kafka:ninety" is not host:port; write for example localhost:9092`,
		},
		"a version that does not exist": {
			"kafka: [{name: a, brokers: [b:1], version: new}]",
			`test.yml:1:44: kafka[0].version: "new" is not a Kafka version; write for example 3.8.0, or omit it`,
		},
		"a topic that is its own dead letter queue": {
			`kafka: [{name: a, brokers: [b:1], dlq: "{topic}"}]`,
			`test.yml:1:40: kafka[0].dlq[0]: "{topic}" would make every topic its own dead letter queue; write for example {topic}.dlq`,
		},
		"a certificate without its key": {
			"kafka: [{name: a, brokers: [b:1], tls: {cert_file: a.pem}}]",
			"test.yml:1:40: kafka[0].tls.key_file: missing; cert_file needs its key",
		},
		"a key without its certificate": {
			"kafka: [{name: a, brokers: [b:1], tls: {key_file: a.pem}}]",
			"test.yml:1:40: kafka[0].tls.cert_file: missing; key_file needs its certificate",
		},
		"SASL without a user": {
			"kafka: [{name: a, brokers: [b:1], sasl: {password: x}}]",
			"kafka[0].sasl.username: missing; write for example username: lostorder",
		},
		"SASL without a password": {
			"kafka: [{name: a, brokers: [b:1], sasl: {username: x}}]",
			"test.yml:1:41: kafka[0].sasl.password: missing; write for example password: ${KAFKA_PASSWORD}",
		},
		"OAUTHBEARER without a source of tokens": {
			"kafka: [{name: a, brokers: [b:1], sasl: {mechanism: OAUTHBEARER}}]",
			"test.yml:1:41: kafka[0].sasl.oauthbearer: missing; mechanism OAUTHBEARER needs it",
		},
		"a source of tokens without OAUTHBEARER": {
			"kafka: [{name: a, brokers: [b:1], sasl: {username: a, password: b, oauthbearer: {token_file: f}}}]",
			"test.yml:1:81: kafka[0].sasl.oauthbearer: set without mechanism: OAUTHBEARER",
		},
		"OAUTHBEARER with a user": {
			"kafka: [{name: a, brokers: [b:1], sasl: {mechanism: OAUTHBEARER, username: a, oauthbearer: {token_file: f}}}]",
			"test.yml:1:76: kafka[0].sasl.username: not used by OAUTHBEARER; remove it",
		},
		"neither a token endpoint nor a token file": {
			oauthbearer("{client_id: a}"),
			"test.yml:1:79: kafka[0].sasl.oauthbearer.token_endpoint_url: missing; name the token endpoint, or a token_file",
		},
		"a token endpoint without a client": {
			oauthbearer("{token_endpoint_url: 'https://idp/token'}"),
			`test.yml:1:79: kafka[0].sasl.oauthbearer.client_id: missing; write for example client_id: lostorder
test.yml:1:79: kafka[0].sasl.oauthbearer.client_secret: set one of client_secret, client_secret_file and private_key_file`,
		},
		"a secret and a key": {
			oauthbearer("{token_endpoint_url: 'https://idp/token', client_id: a, client_secret: b, private_key_file: c}"),
			"kafka[0].sasl.oauthbearer.client_secret: set one of client_secret, client_secret_file and private_key_file",
		},
		"the id of a key without the key": {
			oauthbearer("{token_endpoint_url: 'https://idp/token', client_id: a, client_secret: b, key_id: c}"),
			"kafka[0].sasl.oauthbearer.key_id: set without private_key_file",
		},
		"a token endpoint without TLS": {
			oauthbearer("{token_endpoint_url: 'http://idp.example.com/token', client_id: a, client_secret: b}"),
			"kafka[0].sasl.oauthbearer.token_endpoint_url: http would send the client's credentials in clear; use https",
		},
		"a user in the token endpoint": {
			oauthbearer("{token_endpoint_url: 'https://a:b@idp/token', client_id: a, client_secret: b}"),
			"kafka[0].sasl.oauthbearer.token_endpoint_url: not an http or https address without a user; write for example",
		},
		"a token file and a token endpoint": {
			oauthbearer("{token_endpoint_url: 'https://idp/token', token_file: f}"),
			"kafka[0].sasl.oauthbearer.token_endpoint_url: not used with token_file; remove one of them",
		},
		"IAM without TLS": {
			"kafka: [{name: a, brokers: [b:1], sasl: {mechanism: AWS_MSK_IAM, aws_msk_iam: {region: r}}}]",
			"test.yml:1:9: kafka[0].tls: missing; MSK takes IAM only over TLS, so write tls: {enabled: true}",
		},
		"GSSAPI without a keytab": {
			"kafka: [{name: a, brokers: [b:1], sasl: {mechanism: GSSAPI, gssapi: {principal: a@B}}}]",
			"test.yml:1:69: kafka[0].sasl.gssapi.keytab_file: missing; name a keytab, or a ccache_file",
		},
		"GSSAPI without a realm": {
			"kafka: [{name: a, brokers: [b:1], sasl: {mechanism: GSSAPI, gssapi: {principal: a, keytab_file: f}}}]",
			"test.yml:1:81: kafka[0].sasl.gssapi.principal: not a principal with its realm; write for example lostorder@EXAMPLE.COM",
		},
		"an extension that is the token": {
			oauthbearer("{token_file: f, extensions: {auth: x}}"),
			"kafka[0].sasl.oauthbearer.extensions: auth is the name of the token itself; use another",
		},
		"an unknown place of the order id": {
			"kafka: [{name: a, brokers: [b:1], order_id: value}]",
			"kafka[0].order_id: ",
		},
		"no brokers": {
			"kafka: [{name: a}]",
			"kafka[0].brokers: missing; write for example brokers: [localhost:9092]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("test.yml", []byte(test.text), ".", []config.Section{kafka.Source().Section})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func oauthbearer(section string) string {
	return "kafka: [{name: a, brokers: [b:1], sasl: {mechanism: OAUTHBEARER, oauthbearer: " + section + "}}]"
}

// TestPasswordInAnAddressIsRefusedAndNotRepeated: whatever it contains, no part of it is taken
// for the host, and no error repeats it.
func TestPasswordInAnAddressIsRefusedAndNotRepeated(t *testing.T) {
	collectortest.RefusesPasswords(t, func(address string) error {
		text := fmt.Sprintf("kafka: [{name: a, brokers: [%q]}]", address)
		_, err := config.Parse("test.yml", []byte(text), ".", []config.Section{kafka.Source().Section})
		return err
	}, "%s@kafka:9092", "kafka://%s@kafka:9092", "%s@kafka", "SASL_SSL://%s@kafka:9093")
}
