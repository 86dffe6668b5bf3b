//go:build integration

package kafka_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	kafkaclient "github.com/lostorder/lostorder/collectors/kafka/client"
)

// kerberos is the section of the config file; keys are "name: value".
func kerberos(keys ...string) string {
	return "sasl: {mechanism: GSSAPI, gssapi: {" + strings.Join(keys, ", ") + "}}"
}

func TestRealBrokerTakesKerberosTickets(t *testing.T) {
	conf, keytab := "config_file: "+address(t, "KERBEROS_CONFIG"), "keytab_file: "+address(t, "KERBEROS_KEYTAB")
	principal := "principal: lostorder@LOSTORDER.TEST"
	c := client(t, []string{address(t, "KERBEROS_PLAIN_ADDR")})
	topic := fmt.Sprintf("orders-%x", time.Now().UnixNano())
	createTopic(t, c, 1, topic)
	commit(t, c, topic, topic, map[int32]int64{0: 0})

	dir := t.TempDir()
	cache := filepath.Join(dir, "ccache")
	expired := filepath.Join(dir, "expired")
	for path, life := range map[string]string{cache: "1h", expired: "1s"} {
		kinit := exec.Command("kinit", "-l", life, "-k", "-t", address(t, "KERBEROS_KEYTAB"), "-c", "FILE:"+path, "lostorder@LOSTORDER.TEST")
		kinit.Env = append(os.Environ(), "KRB5_CONFIG="+address(t, "KERBEROS_CONFIG"))
		if out, err := kinit.CombinedOutput(); err != nil {
			t.Fatalf("kinit: %v\n%s", err, out)
		}
	}
	time.Sleep(2 * time.Second) // the ticket lasts one
	text, err := os.ReadFile(address(t, "KERBEROS_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(dir, "away.conf")
	write(t, away, regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(string(text), "127.0.0.1:1"))
	broken := filepath.Join(dir, "broken.keytab")
	write(t, broken, "horse")

	for name, test := range map[string]struct {
		sasl string
		want string // in the error; none: it is read
	}{
		"a keytab":                      {kerberos(conf, keytab, principal), ""},
		"a credential cache":            {kerberos(conf, "ccache_file: "+cache), ""},
		"another service name":          {kerberos(conf, keytab, principal, "service_name: broker"), "the KDC does not know the broker's principal broker/HOST"},
		"a principal that is unknown":   {kerberos(conf, keytab, "principal: nobody@LOSTORDER.TEST"), "nobody@LOSTORDER.TEST; check kafka[].sasl.gssapi.principal"},
		"a keytab of someone else":      {kerberos(conf, keytab, "principal: kafka/localhost@LOSTORDER.TEST"), "the key in the keytab is not the principal's"},
		"a keytab that is not there":    {kerberos(conf, "keytab_file: /nonexistent", principal), "read kafka[].sasl.gssapi.keytab_file: open /nonexistent: no such file or directory"},
		"a keytab that is none":         {kerberos(conf, "keytab_file: "+broken, principal), broken},
		"a ticket that has expired":     {kerberos(conf, "ccache_file: "+expired), "the ticket in " + expired + " is not valid any more; renew it with kinit"},
		"a cache that is none":          {kerberos(conf, "ccache_file: "+broken), "kafka[].sasl.gssapi.ccache_file"},
		"a cache that is not there":     {kerberos(conf, "ccache_file: /nonexistent"), "read kafka[].sasl.gssapi.ccache_file: open /nonexistent: no such file or directory"},
		"a KDC that does not answer":    {kerberos("config_file: "+away, keytab, principal), "no KDC of realm LOSTORDER.TEST answers; check its addresses in kafka[].sasl.gssapi.config_file"},
		"a realm that is not known":     {kerberos(conf, keytab, "principal: lostorder@ELSEWHERE"), "no KDC of the realm is known"},
		"settings that are not there":   {kerberos("config_file: /nonexistent", keytab, principal), "kafka[].sasl.gssapi.config_file"},
		"PLAIN, which it does not take": {"sasl: {username: lostorder, password: horse}", "the broker does not offer SASL PLAIN; check kafka[].sasl.mechanism"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := read(t, watch(t, settings(t, []string{address(t, "KERBEROS_KAFKA_ADDR")}, test.sasl, "timeout: 4s")))
			switch {
			case test.want == "":
				if err != nil {
					t.Fatal(err)
				}
				mustQueue(t, report, topic, topic)
			case err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "horse"):
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
	t.Run("again on the same connection when the session ends", func(t *testing.T) {
		r := watch(t, settings(t, []string{address(t, "KERBEROS_KAFKA_ADDR")}, kerberos(conf, keytab, principal)))
		before := kafkaclient.Requests()
		for began := time.Now(); time.Since(began) < 7*time.Second; time.Sleep(250 * time.Millisecond) { // as the loop does
			mustQueue(t, readWhole(t, r), topic, topic)
		}
		after := kafkaclient.Requests()
		if handshakes, connections := after["SASLHandshake"]-before["SASLHandshake"], after["ApiVersions"]-before["ApiVersions"]; handshakes < 3 || connections > 2 {
			t.Errorf("%d handshakes on %d connections in 7 s", handshakes, connections)
		}
	})
}
