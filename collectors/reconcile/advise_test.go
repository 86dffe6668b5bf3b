package reconcile_test

import (
	"strings"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestAdvisedGrantsAreEnough(t *testing.T) {
	t.Parallel()
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		shop(t, s, "orders", "payments")
		s.Run(t, "ALTER TABLE orders ADD COLUMN secret VARCHAR(10)", "ALTER TABLE orders ADD COLUMN kind VARCHAR(10) DEFAULT 'web'", "ALTER TABLE payments ADD COLUMN trace VARCHAR(60)")
		add := func(table, key string) {
			s.Run(t, "INSERT INTO "+table+" ("+key+", amount, state, created_at) VALUES ('A-1', 1, 'paid', "+s.Ago(0)+")")
		}
		add("orders", "id")
		add("payments", "order_id")
		text := sides(s, s, "{key: id, values: amount, at: created_at}, where: kind = 'web'", "{key: order_id, values: amount, at: created_at, traceparent: trace}", "equal")
		var grants []string
		for _, a := range collectors.Examine(t.Context(), load(t, text)[0]).Advice {
			if a.Kind == collectors.Grant {
				grants = append(grants, strings.TrimSuffix(a.Paste, ";"))
			}
		}
		for i, columns := range [][]string{{"id", "amount", "created_at", "kind"}, {"order_id", "amount", "created_at", "trace"}} {
			if len(grants) != 2 || strings.Count(grants[i], ",") != len(columns)-1 {
				t.Fatalf("grants %q, want two, the first of %d columns", grants, len(columns))
			}
			for _, column := range columns {
				if !strings.Contains(grants[i], column) {
					t.Errorf("no %s in %s", column, grants[i])
				}
			}
		}
		who := s.User
		if s.Kind == "mariadb" {
			who = "'" + s.User + "'@'%'"
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who, "REVOKE ALL PRIVILEGES ON payments FROM "+who)
		e := collectors.Examine(t.Context(), load(t, text)[0])
		if e.Report.Err == nil {
			t.Fatal("without rights it was read")
		}
		var blind []string
		for _, a := range e.Advice {
			if a.Kind == collectors.Grant {
				blind = append(blind, strings.TrimSuffix(a.Paste, ";"))
			}
		}
		s.Run(t, blind...)
		if e := collectors.Examine(t.Context(), load(t, text)[0]); !e.Report.Complete() {
			t.Errorf("with %q, as it is advised to somebody who sees nothing: %v", blind, e.Report.Err)
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who, "REVOKE ALL PRIVILEGES ON payments FROM "+who)
		s.Run(t, grants...)
		e = collectors.Examine(t.Context(), load(t, text)[0])
		if !e.Report.Complete() || len(e.Report.Reconciliations) != 1 || e.Report.Reconciliations[0].Compared == 0 {
			t.Errorf("with %q: %v, %+v", grants, e.Report.Err, e.Report.Reconciliations)
		}
	})
}
