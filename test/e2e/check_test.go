//go:build integration

package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/signal"
)

// checked runs lostorder check --json and checks that its exit code matches the result.
func checked(t *testing.T, config string) map[string]checkup.Target {
	t.Helper()
	file := writeConfig(t, settings{})
	rewrite(t, file, config)
	out, err := exec.Command(plainBinary, "check", "--json", "--config.file="+file).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var result checkup.Result
	if err := json.Unmarshal(out, &result); err != nil || len(result.Targets) == 0 {
		t.Fatalf("check printed no JSON: %v\n%s%s", err, out, exit.Stderr)
	}
	if want := map[bool]int{true: 0, false: 1}[result.OK]; (exit == nil) != (want == 0) || exit != nil && exit.ExitCode() != want {
		t.Errorf("ok is %v, but the exit code is not %d: %v", result.OK, want, err)
	}
	targets := map[string]checkup.Target{}
	for _, c := range result.Targets {
		targets[c.Collector+"/"+c.Target] = c
	}
	return targets
}

// advised returns the distinct advice of one kind of all targets.
func advised(targets map[string]checkup.Target, kind collectors.AdviceKind) (all []collectors.Advice) {
	for _, c := range targets {
		for _, a := range c.Advice {
			if a.Kind == kind && !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// TestRealGrantsPrintedByCheckAreSufficientAndMinimal pastes exactly what check
// prints and expects each source to find its fault.
func TestRealGrantsPrintedByCheckAreSufficientAndMinimal(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		tables := []string{"orders", "outbox", "moves", "payments"}
		s.Run(t, fmt.Sprintf("CREATE TABLE moves (id integer PRIMARY KEY, order_id varchar(40) NOT NULL, state varchar(40) NOT NULL, created_at %s NOT NULL)", s.Time),
			fmt.Sprintf("CREATE TABLE payments (order_id varchar(40), amount decimal(12, 2), traceparent varchar(64), created_at %s NOT NULL)", s.Time))
		for _, table := range tables {
			s.Run(t, "ALTER TABLE "+table+" ADD COLUMN secret varchar(40)")
			s.Grant(t, table)
		}
		s.place("A-1", "placed", time.Hour)
		s.place("A-2", "paid", time.Hour) // without a payment
		s.Run(t, "INSERT INTO moves (id, order_id, state, created_at) VALUES (1, 'A-1', 'placed', "+s.Ago(time.Hour)+")")
		s.commit("E-1", "A-1", "", time.Hour)
		c := settings{}
		s.watchOutbox(c)
		s.watchDatabase(c, s.URL)
		c.add("lifecycles", "name: order", "source: {database: "+s.Kind+", table: orders}", "history: {table: moves}",
			fmt.Sprintf("states: {placed: {max: %s, next: [paid, cancelled]}, paid: {next: [shipped]}, shipped: {}, cancelled: {}}", maxAge), schedule())
		c.add("reconciliations", "name: payments", "left: {database: "+s.Kind+", table: orders, columns: {key: id, at: updated_at}, where: \"state = 'paid'\"}",
			"right: {database: "+s.Kind+", table: payments, columns: {key: order_id, traceparent: traceparent}, where: amount > 0}", "expect: exactly_one", "grace: 1s", schedule())

		grants := advised(checked(t, c.String()), collectors.Grant)
		if len(grants) < len(tables) {
			t.Fatalf("the only advice is %+v", grants)
		}
		who := s.User
		if s.Kind == "mariadb" {
			who = "'" + s.User + "'@'%'"
		}
		for _, table := range tables {
			s.Run(t, "REVOKE ALL PRIVILEGES ON "+table+" FROM "+who)
		}
		for name, c := range checked(t, c.String()) {
			if c.OK || c.Error == "" {
				t.Errorf("without rights %s is %+v", name, c)
			}
		}
		for _, g := range grants {
			for sql := range strings.SplitSeq(strings.TrimSuffix(g.Paste, ";"), "; ") {
				s.Run(t, sql)
			}
		}
		for name, c := range checked(t, c.String()) {
			if !c.OK {
				t.Errorf("with %+v %s cannot be read: %s", grants, name, c.Error)
			}
		}
		s.mayNotRead(tables, "secret")

		p := start(t, c)
		overdue, stalled := p.find(signal.OrderOverdue, s.placed()), p.find(signal.OutboxStalled, s.outbox())
		unmatched := p.find(signal.OrderUnmatched, signal.Subject{Database: s.Kind, Check: "payments"})
		p.names(overdue, "A-1")
		p.names(stalled, "A-1")
		p.names(unmatched, "A-2")
		for _, name := range []string{"outbox/relay", "orders/order", "reconcile/payments"} {
			if target := p.target(name); target.Error != "" || len(target.Warnings) > 0 {
				t.Errorf("%s: %s %q", name, target.Error, target.Warnings)
			}
		}
	})
}

// mayNotRead checks that the watching user has no right to a column, nor to whole tables.
func (s shop) mayNotRead(tables []string, column string) {
	s.t.Helper()
	for _, table := range tables {
		query := fmt.Sprintf("SELECT count(*) FROM information_schema.table_privileges WHERE table_name = '%s' AND grantee LIKE '%%%s%%'", table, s.User)
		also := fmt.Sprintf("SELECT count(*) FROM information_schema.column_privileges WHERE table_name = '%s' AND column_name = '%s' AND grantee LIKE '%%%s%%'", table, column, s.User)
		var whole, secret int
		if err := errors.Join(s.Admin.QueryRow(query).Scan(&whole), s.Admin.QueryRow(also).Scan(&secret)); err != nil {
			s.t.Fatal(err)
		}
		if whole+secret > 0 {
			s.t.Errorf("the user may read %s, or all of table %s", column, table)
		}
	}
}

// TestRealCheckReportsWhatIsWrong breaks the targets of check in the usual ways.
func TestRealCheckReportsWhatIsWrong(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s shop) {
		s.place("A-1", "placed", 0)
		good := settings{}
		s.watchOutbox(good)
		s.watchOrders(good)
		for name, test := range map[string]struct {
			config string
			ok     bool
			says   []string
		}{
			"nothing":          {good.String(), true, []string{"placed  (at most 3s)", "GRANT "}},
			"a wrong password": {strings.Replace(good.String(), s.URL, s.As(s.User, "quite-wrong"), 1), false, []string{"wrong password for user"}},
			"no server":        {strings.Replace(good.String(), s.URL, s.At("127.0.0.1:9"), 1), false, []string{"is the server up, and is the port right?"}},
			"no such table":    {strings.Replace(good.String(), "table: outbox", "table: outbx", 1), false, []string{"outbx"}},
		} {
			t.Run(name, func(t *testing.T) {
				targets := checked(t, test.config)
				ok := true
				for _, c := range targets {
					ok = ok && c.OK
				}
				text := inJSON(targets)
				if ok != test.ok || strings.Contains(text, "quite-wrong") {
					t.Errorf("ok is %v: %s", ok, text)
				}
				for _, want := range test.says {
					if !strings.Contains(text, want) {
						t.Errorf("the output lacks %q: %s", want, text)
					}
				}
			})
		}
		s.place("A-2", "weird", 0)
		warnings := advised(checked(t, good.String()), collectors.Warning)
		if len(warnings) != 1 || !strings.Contains(warnings[0].Text, `state "weird"`) {
			t.Errorf("for a state that no lifecycle declares it warns %+v", warnings)
		}
	})
}
