package outbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// The advised grants are all that lostorder needs, and fewer are not enough.
func TestAdvisedGrantsAreEnough(t *testing.T) {
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
				advised := collectors.Examine(t.Context(), load(t, text)[0]).Advice
				s.Run(t, "REVOKE SELECT ON outbox FROM "+s.Reader(), "REVOKE SELECT ON relay_position FROM "+s.Reader())
				e := collectors.Examine(t.Context(), load(t, text)[0])
				if e.Report.Err == nil {
					t.Fatal("it reads without any grant")
				}
				grantAll(t, s, e.Advice) // all that lostorder knows while it sees no column
				whole(t, collectors.Examine(t.Context(), load(t, text)[0]).Report)

				s.Run(t, "REVOKE ALL PRIVILEGES ON outbox FROM "+s.Reader())
				if strings.Contains(text, "position") {
					s.Run(t, "REVOKE ALL PRIVILEGES ON relay_position FROM "+s.Reader())
				}
				for _, a := range grantAll(t, s, advised) {
					if !strings.Contains(a, "GRANT SELECT (") || strings.Contains(a, "secret") {
						t.Errorf("it advises %s", a)
					}
				}
				whole(t, collectors.Examine(t.Context(), load(t, text)[0]).Report)
			})
		})
	}
}

// grantAll runs the advised grants, as the owner would.
func grantAll(t *testing.T, s *databasetest.Shop, advice []collectors.Advice) (pasted []string) {
	t.Helper()
	for _, a := range advice {
		if a.Kind != collectors.Grant {
			continue
		}
		pasted = append(pasted, a.Paste)
		for statement := range strings.SplitSeq(strings.TrimSuffix(a.Paste, ";"), ";") {
			s.Run(t, statement)
		}
	}
	if len(pasted) == 0 {
		t.Fatal("no grant is advised")
	}
	return pasted
}
