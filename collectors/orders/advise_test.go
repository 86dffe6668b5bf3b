package orders_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestAdvisedGrantsAreEnough(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeMoves(t, s)
		s.Run(t, "ALTER TABLE orders ADD COLUMN created_at "+s.Time+" NULL", "ALTER TABLE orders ADD COLUMN secret VARCHAR(10)", "CREATE INDEX orders_made ON orders (created_at, id)")
		add(t, s, "a", "placed", time.Minute)
		move(t, s, "a", "placed 60s")
		text := settings(s.URL, "", `, columns: {traceparent: traceparent}, where: "kind = 'web'"`, shopStates+"    duplicates: {key: kind}\n")
		var grants []string
		for _, a := range collectors.Examine(t.Context(), load(t, text)[0]).Advice {
			if a.Kind == collectors.Grant {
				grants = append(grants, strings.Split(strings.TrimSuffix(a.Paste, ";"), "; ")...)
			}
		}
		if len(grants) < 2 {
			t.Fatalf("grants: %q", grants)
		}
		who := s.User
		if s.Kind == "mariadb" {
			who = "'" + s.User + "'@'%'"
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who, "REVOKE ALL PRIVILEGES ON moves FROM "+who)
		e := collectors.Examine(t.Context(), load(t, text)[0])
		if e.Report.Err == nil {
			t.Fatal("without rights it was read")
		}
		var blind []string
		for _, a := range e.Advice {
			if a.Kind == collectors.Grant {
				blind = append(blind, strings.Split(strings.TrimSuffix(a.Paste, ";"), "; ")...)
			}
		}
		s.Run(t, blind...)
		if e := collectors.Examine(t.Context(), load(t, text)[0]); !e.Report.Complete() {
			t.Errorf("with %q, as it is advised to somebody who sees nothing: %v", blind, e.Report.Err)
		}
		s.Run(t, "REVOKE ALL PRIVILEGES ON orders FROM "+who, "REVOKE ALL PRIVILEGES ON moves FROM "+who)
		s.Run(t, grants...)
		e = collectors.Examine(t.Context(), load(t, text)[0])
		if _, state := whole(t, e.Report); state["placed"].Orders != 1 || e.Report.Lifecycles[0].History == nil || e.Report.Lifecycles[0].Duplicates == nil {
			t.Errorf("with %q: %+v", grants, e.Report.Lifecycles)
		}
		for _, g := range grants {
			if strings.Contains(g, "secret") {
				t.Errorf("more than is needed: %s", g)
			}
		}
	})
}
