package kafka_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestDamagedKerberosFilesAreErrors: the library panics at some of them, in a goroutine of
// sarama's, which would end the program.
func TestDamagedKerberosFilesAreErrors(t *testing.T) {
	s := serve(t, kfake.SeedTopics(1, "orders"))
	bearers(s, 0, anyToken)
	dir := t.TempDir()
	path, conf := filepath.Join(dir, "file"), filepath.Join(dir, "krb5.conf")
	write(t, conf, "[libdefaults]\n default_realm = B\n[realms]\n B = {\n  kdc = 127.0.0.1:1\n }\n")
	for _, text := range []string{"", "\x05", "\x05\x02\x00", "\x05\x02\x00\x00\x00\x08\x00\x01", "\x05\x04", "\x05\x04\x00\x0c\x00\x01", "\x05\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\xff", "horse"} {
		write(t, path, text)
		for key, section := range map[string]string{
			"keytab_file": "{principal: a@B, keytab_file: " + path + ", config_file: " + conf + "}",
			"ccache_file": "{ccache_file: " + path + ", config_file: " + conf + "}",
		} {
			_, err := read(t, watch(t, s.settings("sasl: {mechanism: GSSAPI, gssapi: "+section+"}")))
			if err == nil || strings.Contains(err.Error(), "horse") || !strings.Contains(err.Error(), "kafka[].sasl.gssapi") && !strings.Contains(err.Error(), path) {
				t.Errorf("%s with %q: got %v", key, text, err)
			}
		}
	}
}
