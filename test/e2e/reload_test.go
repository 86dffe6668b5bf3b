//go:build integration

package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// reload requests a reload over HTTP and returns the response.
func (p *program) reload() (code int, body string) {
	p.t.Helper()
	resp, err := http.Post(p.url+"/-/reload", "", nil)
	if err != nil {
		p.t.Fatalf("reload: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("reload: %v", err)
	}
	return resp.StatusCode, string(text)
}

// logs waits until the log has a line that matches, after its first n lines.
func (p *program) logs(after int, pattern string) {
	p.t.Helper()
	wanted := regexp.MustCompile(pattern)
	eventually(p.t, "the log says "+pattern, func() (bool, string) {
		lines := strings.Split(p.log.text(), "\n")
		return wanted.MatchString(strings.Join(lines[min(after, len(lines)):], "\n")), p.log.tail(10)
	})
}

func (p *program) logged() int { return len(strings.Split(p.log.text(), "\n")) }

// connection returns the server's id of the watching user's only connection.
func (s shop) connection() string {
	s.t.Helper()
	query := "SELECT pid FROM pg_stat_activity WHERE usename = '" + s.User + "' AND application_name = 'lostorder'"
	if s.Kind == "mariadb" {
		query = "SELECT id FROM information_schema.processlist WHERE user = '" + s.User + "'"
	}
	var id string
	eventually(s.t, "there is one connection to "+s.Kind, func() (bool, string) {
		var all []string
		rows, err := s.Admin.Query(query)
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := rows.Scan(&id); err != nil {
				s.t.Fatal(err)
			}
			all = append(all, id)
		}
		return len(all) == 1 && rows.Err() == nil, fmt.Sprintf("there are %q", all)
	})
	return id
}

func TestRealReloadTouchesOnlyTargetsThatChanged(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(t *testing.T, p *program){
		"by SIGHUP": func(t *testing.T, p *program) {
			if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		},
		"by POST": func(_ *testing.T, p *program) { p.reload() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg, my := postgres(t), mariadb(t)
			pg.commit("e-1", "o-1", "", time.Hour)
			my.place("o-1", "placed", time.Hour)
			c := settings{}
			pg.watchOutbox(c)
			my.watchOrders(c)
			p := start(t, c)
			stalled, overdue := p.find(signal.OutboxStalled, pg.outbox()), p.find(signal.OrderOverdue, my.placed())
			kept, changed := pg.connection(), my.connection()
			reloaded := func(line string) {
				t.Helper()
				from := p.logged()
				ask(t, p)
				p.logs(from, line)
				p.cycles(4) // longer than a finding needs to close
				if f := p.byID(stalled.ID); !f.ClosedAt.IsZero() {
					t.Errorf("the finding of an unchanged target closed: %s", inJSON(f))
				}
				if now := pg.connection(); now != kept {
					t.Errorf("the unchanged target has connection %s, it had %s", now, kept)
				}
			}

			reloaded(`config applied" targets=2 started=0 stopped=0 kept=2`)
			if now := my.connection(); now != changed {
				t.Errorf("nothing changed, but MariaDB has connection %s after %s", now, changed)
			}

			text := strings.Replace(c.String(), "name: order\n", "name: order\n    sample: 3\n", 1)
			rewrite(t, p.file, text)
			reloaded(`config applied" targets=2 started=1 stopped=1 kept=1`)
			if now := my.connection(); now == changed {
				t.Error("the target that changed has its old connection")
			}
			if f := p.byID(overdue.ID); !f.ClosedAt.IsZero() {
				t.Errorf("the order is still overdue, but the finding closed: %s", inJSON(f))
			}

			// A config with a mistake changes nothing; the error names its place.
			rewrite(t, p.file, text+"outbox: []\n")
			line := strings.Count(text, "\n") + 1
			reloaded(fmt.Sprintf(`level=ERROR .*%s:%d:1: .*outbox`, regexp.QuoteMeta(p.file), line))
			if ok, _ := p.value("lostorder_config_last_reload_successful"); ok != 0 {
				t.Error("the metric says that the reload succeeded")
			}
			if code, body := p.reload(); code != http.StatusInternalServerError || !strings.Contains(body, fmt.Sprintf("%s:%d:1", p.file, line)) {
				t.Errorf("POST /-/reload: %d %s", code, body)
			}
			if err := os.Remove(p.file); err != nil {
				t.Fatal(err)
			}
			reloaded(`level=ERROR .*no such file`)
			p.fresh(interval, "outbox/relay", "orders/order")

			// The findings of a removed target close.
			less := settings{"databases": c["databases"], "outboxes": c["outboxes"]}
			rewrite(t, p.file, less.String())
			reloaded(`config applied" targets=1 started=0 stopped=1 kept=1`)
			if ok, _ := p.value("lostorder_config_last_reload_successful"); ok != 1 {
				t.Error("the metric says that the reload failed")
			}
			p.closes(overdue)
			if n, shown := p.value("lostorder_orders", "state=placed"); shown {
				t.Errorf("lostorder_orders is %v for a target that is gone", n)
			}
		})
	}
}
