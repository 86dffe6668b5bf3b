//go:build integration

package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// Row security hides rows without an error: what lostorder reads looks healthy.
func TestRowsThatRowSecurityHidesAreAWarningWithTheStatementThatShowsThem(t *testing.T) {
	for name, test := range map[string]struct {
		setup []string // after the table with five pending rows
		table string
		paste string // begins the statement; empty: there is no warning
	}{
		"a table": {table: "outbox", paste: "CREATE POLICY lostorder_reads_all ON"},
		"a view that reads as its user": {
			setup: []string{"CREATE VIEW events WITH (security_invoker = true) AS SELECT * FROM outbox"}, table: "events", paste: "CREATE POLICY lostorder_reads_all ON",
		},
		"a policy that no other can widen": {
			setup: []string{"CREATE POLICY tenant ON outbox AS RESTRICTIVE USING (id < 0)"}, table: "outbox", paste: "ALTER ROLE",
		},
		"benign: a view that reads as its owner": {
			setup: []string{"CREATE VIEW events AS SELECT * FROM outbox"}, table: "events",
		},
		"benign: a policy that shows all rows": {
			setup: []string{"CREATE POLICY all_rows ON outbox FOR SELECT USING (true)"}, table: "outbox",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := databasetest.Postgres(t)
			makeTable(t, s)
			for id := range 5 {
				add(t, s, id+1, time.Hour)
			}
			s.Run(t, "ALTER TABLE outbox ENABLE ROW LEVEL SECURITY")
			s.Run(t, test.setup...)
			s.Grant(t, test.table)
			text := strings.Replace(settings(s.URL), "table: outbox", "table: "+test.table, 1)
			r := read(t, text)
			o := whole(t, r)
			if test.paste == "" {
				if len(r.Warnings) > 0 || o.Pending != 5 {
					t.Errorf("pending %d, warnings %q; want 5, none", o.Pending, r.Warnings)
				}
				return
			}
			if o.Pending != 0 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "row security on public.outbox may hide rows") {
				t.Fatalf("pending %d, warnings %q", o.Pending, r.Warnings)
			}
			if len(r.Remedies) != 1 || r.Remedies[0].Kind != signal.RemedyGrant || !strings.HasPrefix(r.Remedies[0].Text, test.paste) || !strings.HasSuffix(r.Warnings[0], r.Remedies[0].Text) {
				t.Fatalf("remedies %+v", r.Remedies)
			}
			s.Run(t, r.Remedies[0].Text)
			r = read(t, text)
			if o := whole(t, r); o.Pending != 5 || len(r.Warnings) > 0 {
				t.Errorf("after the statement: pending %d, warnings %q", o.Pending, r.Warnings)
			}
		})
	}
}
