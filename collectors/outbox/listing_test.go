package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestSQLOfAnOutboxListsAllPendingRows(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 40 {
			add(t, s, i+1, time.Hour)
		}
		o := whole(t, read(t, settings(s.URL, "cap: 10", "sample: 3")))
		if o.Pending != 10 || len(o.Sample) > 3 {
			t.Fatalf("%+v", o)
		}
		var n int
		if err := s.Admin.QueryRowContext(t.Context(), fmt.Sprintf("SELECT count(*) FROM (%s) AS listed", o.SQL)).Scan(&n); err != nil || n != 40 {
			t.Errorf("%s lists %d rows, want 40: %v", o.SQL, n, err)
		}
	})
}
