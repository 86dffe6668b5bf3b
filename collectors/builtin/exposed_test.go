package builtin_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
)

func TestPasswordsThatCrossANetworkInClearAreListed(t *testing.T) {
	const sasl = "sasl: {mechanism: PLAIN, username: u, password: p}"
	for text, want := range map[string]string{
		"kafka: [{name: a, brokers: ['b:9092'], " + sasl + "}]":                                                 "kafka a",
		"kafka: [{name: a, brokers: ['b:9092'], tls: {}, " + sasl + "}]":                                        "",
		"kafka: [{name: a, brokers: ['localhost:9092'], " + sasl + "}]":                                         "",
		"kafka: [{name: a, brokers: ['b:9092'], sasl: {mechanism: SCRAM-SHA-512, username: u, password: p}}]":   "",
		"kafka: [{name: a, brokers: ['b:9092'], sasl: {mechanism: OAUTHBEARER, oauthbearer: {token_file: f}}}]": "the token of kafka a",
		"rabbitmq: [{name: a, url: 'http://b:15672', username: u, password: p}]":                                "rabbitmq a",
		"rabbitmq: [{name: a, url: 'https://b:15672', username: u, password: p}]":                               "",
		"rabbitmq: [{name: a, url: 'http://127.0.0.1:15672', username: u, password: p}]":                        "",
		"rabbitmq: [{name: a, url: 'http://b:15672'}]":                                                          "",
		"databases: [{name: a, url: 'postgres://u:p@b/shop'}]":                                                  "database a",
		"databases: [{name: a, url: 'postgres://u:p@b/shop?sslmode=require'}]":                                  "",
		"databases: [{name: a, url: 'postgres://u:p@localhost/shop'}]":                                          "",
		"databases: [{name: a, url: 'postgres://u@b/shop'}]":                                                    "",
		"databases: [{name: a, url: 'mysql://u:p@b/shop'}]":                                                     "database a",
		"databases: [{name: a, url: 'mysql://u:p@b/shop?tls=true'}]":                                            "",
		"databases: [{name: a, url: 'mysql://u:p@[::1]/shop'}]":                                                 "",
		"databases: [{name: a, url: 'mysql://u:p@b/shop?socket=/run/mysqld.sock'}]":                             "",
	} {
		f, err := config.Parse("test.yml", []byte(text), ".", builtin.Sections())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := strings.Join(builtin.Exposed(f), " ")
		if (got == "") != (want == "") || !strings.Contains(got, want) || strings.Contains(got, "u:p") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
