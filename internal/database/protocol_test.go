package database_test

import (
	"io"
	"net"
	"strings"
	"testing"
)

// TestAServerThatIsNotPostgreSQL answers as MariaDB does, which speaks first, and as a PostgreSQL
// without TLS.
func TestAServerThatIsNotPostgreSQL(t *testing.T) {
	for name, test := range map[string]struct{ answer, options, want string }{
		"MariaDB":     {"j\x00\x00\x00\n5.5.5-10.11.19-MariaDB" + strings.Repeat("\x00", 80), "", "does not speak PostgreSQL's protocol; is the port right?"},
		"without TLS": {"N", "?sslmode=require", "the server has no TLS; turn it on there, or leave out sslmode"},
	} {
		t.Run(name, func(t *testing.T) {
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
					_, _ = io.WriteString(c, test.answer)
					go func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
				}
			}()
			_, err = tally(t.Context(), open(t, "postgres://watcher:watcher-secret@"+l.Addr().String()+"/shop"+test.options, ""), "moments")
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "watcher-secret") {
				t.Errorf("it says %v, want %q", err, test.want)
			}
		})
	}
}
