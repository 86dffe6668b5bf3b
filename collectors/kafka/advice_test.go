package kafka_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka"
)

// TestAdviceCoversOnlyWhatTheConfigNames whether or not the broker can be reached.
func TestAdviceCoversOnlyWhatTheConfigNames(t *testing.T) {
	cert, chain := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		as        = "kafka-acls.sh --bootstrap-server 127.0.0.1:1 --command-config admin.properties --add --allow-principal "
		see, read = " --operation Describe --operation DescribeConfigs", " --operation Read"
		describe  = " --operation Describe"
		open      = describe + " --transactional-id '*'"
		prefixed  = " --resource-pattern-type prefixed"
	)
	sasl := "sasl: {username: lost order, password: secret}"
	const who = "'User:lost order'"
	for name, test := range map[string]struct {
		config []string
		want   []string
	}{
		"without authentication": {},
		"everything": {
			[]string{sasl},
			[]string{as + who + see + " --topic '*'", as + who + describe + " --group '*'", as + who + read + " --topic '*'", as + who + open},
		},
		"names, and their dead letter topics": {
			[]string{sasl, `topics: {include: ['shop\.orders']}`, "groups: {include: [billing, shipping]}", "dlq: ['{topic}.dlq', dead]"},
			[]string{
				as + who + see + " --topic shop.orders --topic shop.orders.dlq --topic dead",
				as + who + describe + " --group billing --group shipping",
				as + who + read + " --topic shop.orders --topic shop.orders.dlq --topic dead",
				as + who + open,
			},
		},
		"prefixes": {
			[]string{sasl, `topics: {include: ['shop\..*']}`, "groups: {include: ['shop-.*']}", "dlq: ['dlq-{topic}', '{topic}-dlt']"},
			[]string{
				as + who + see + prefixed + " --topic shop. --topic dlq-shop.",
				as + who + describe + prefixed + " --group shop-",
				as + who + read + prefixed + " --topic shop. --topic dlq-shop.",
				as + who + open,
			},
		},
		"a certificate": {
			[]string{"tls: {ca_file: " + chain + ", cert_file: " + chain + ", key_file: " + keyFile + "}"},
			[]string{as + "User:CN=localhost" + see + " --topic '*'", as + "User:CN=localhost" + describe + " --group '*'", as + "User:CN=localhost" + read + " --topic '*'", as + "User:CN=localhost" + open},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range collectors.Examine(t.Context(), kafka.Target(settings(t, []string{"127.0.0.1:1"}, test.config...))).Advice {
				got = append(got, strings.Split(a.Paste, "\n")...)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("it advises\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
