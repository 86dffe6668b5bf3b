package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// What lostorder advises to grant is all that it needs, and less would not do.
func TestTheAdvisedRightsAreEnough(t *testing.T) {
	for name, more := range map[string][]string{
		"every column":          {everything, "failed: status = 'FAILED'"},
		"by a predicate":        {"pending: status = 'PENDING'", "columns: {order_id: aggregate_id}"},
		"the relay deletes":     nil,
		"by a position":         {byPosition, "columns: {order_id: aggregate_id, sequence: id}"},
		"by a position, marked": {byPosition, "columns: {published_at: published_at}", "where: status <> 'none'"},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
				makeTable(t, s)
				add(t, s, 1, time.Minute)
				add(t, s, 2, time.Minute)
				s.Run(t, "CREATE TABLE relay_position (relay VARCHAR(20) PRIMARY KEY, last_id BIGINT, secret TEXT)", "INSERT INTO relay_position (relay, last_id) VALUES ('orders', 1)")
				s.Grant(t, "relay_position")
				text := settings(s.URL, more...)
				advice := collectors.Examine(t.Context(), load(t, text)[0]).Advice
				s.Run(t, "REVOKE SELECT ON outbox FROM "+s.Reader(), "REVOKE SELECT ON relay_position FROM "+s.Reader())
				if e := collectors.Examine(t.Context(), load(t, text)[0]); e.Report.Err == nil {
					t.Fatal("it reads without any right")
				}
				granted := 0
				for _, a := range advice {
					if a.Kind != collectors.Grant {
						continue
					}
					granted++
					if !strings.Contains(a.Paste, "GRANT SELECT (") || strings.Contains(a.Paste, "secret") {
						t.Errorf("it advises %s", a.Paste)
					}
					for statement := range strings.SplitSeq(strings.TrimSuffix(a.Paste, ";"), ";") {
						s.Run(t, statement)
					}
				}
				if granted == 0 {
					t.Fatal("there is no advice")
				}
				whole(t, collectors.Examine(t.Context(), load(t, text)[0]).Report)
			})
		})
	}
}
