package outbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// byPosition is the position of a relay that stores the last number that it published.
const byPosition = "position: {table: relay_position, columns: last_id, where: relay = 'orders'}"

// sequenced is an outbox whose relay reads by a number, watched by lostorder.
type sequenced struct {
	t    *testing.T
	s    *databasetest.Shop
	next func() signal.Report
}

// newSequenced creates the tables, and a user that may read only the columns that the
// config names.
func newSequenced(t *testing.T, s *databasetest.Shop, more ...string) *sequenced {
	t.Helper()
	makeTable(t, s)
	if s.Kind != "sqlite" {
		s.Run(t, "REVOKE SELECT ON outbox FROM "+s.Reader())
	}
	s.Grant(t, "outbox", "id", "aggregate_id", "created_at", "published_at", "status")
	s.Run(t, fmt.Sprintf("CREATE TABLE relay_position (relay %s PRIMARY KEY, last_id BIGINT, secret %s)", s.Key, s.Key),
		"INSERT INTO relay_position (relay, last_id) VALUES ('orders', 0), ('mails', 900)")
	s.Grant(t, "relay_position", "relay", "last_id")
	return &sequenced{t, s, watch(t, settings(s.URL, more...))}
}

// begin inserts a row in a transaction that stays open. SQLite allows only one writer,
// so that there the row is inserted by commit.
func (r *sequenced) begin(id int) (commit, rollback func()) {
	r.t.Helper()
	insert := fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, status, created_at) VALUES (%d, 'order-%d', 'PENDING', %s)", id, id, r.s.Ago(0))
	if r.s.Kind == "sqlite" {
		return func() { r.s.Run(r.t, insert) }, func() {}
	}
	tx, err := r.s.Admin.Begin()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.Exec(insert); err != nil {
		r.t.Fatal(err)
	}
	end := func(how func() error) func() {
		return func() {
			if err := how(); err != nil {
				r.t.Error(err)
			}
		}
	}
	return end(tx.Commit), end(tx.Rollback)
}

// place inserts a row and commits it.
func (r *sequenced) place(id int) { add(r.t, r.s, id, 0) }

// relay sets the position of the relay.
func (r *sequenced) relay(to int) {
	r.s.Run(r.t, fmt.Sprintf("UPDATE relay_position SET last_id = %d WHERE relay = 'orders'", to))
}

// read takes a reading and compares the number of pending rows and the skipped rows.
func (r *sequenced) read(pending int, skipped ...string) signal.Outbox {
	r.t.Helper()
	report := r.next()
	o := whole(r.t, report)
	if len(report.Warnings) > 0 {
		r.t.Errorf("warnings: %q", report.Warnings)
	}
	if o.Pending != signal.Count(pending) {
		r.t.Errorf("%d rows are pending, want %d", o.Pending, pending)
	}
	if o.Skipped == nil {
		r.t.Fatal("the reading has no skipped rows")
	}
	var got []string
	for _, row := range o.Skipped.Rows {
		got = append(got, row.Order.ID)
	}
	slices.Sort(got)
	if !slices.Equal(got, skipped) {
		r.t.Errorf("skipped are %v, want %v", got, skipped)
	}
	return o
}

func TestSkippedRowsAreFound(t *testing.T) {
	columns := "columns: {order_id: aggregate_id, sequence: id}"
	marked := "columns: {order_id: aggregate_id, sequence: id, published_at: published_at}"
	for name, test := range map[string]struct {
		more  []string
		story func(r *sequenced)
	}{
		"two transactions commit in the other order": {story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.read(1)
			r.relay(2)
			r.read(0) // the first is still open and may be rolled back
			r.read(0)
			commit()
			o := r.read(0, "order-1")
			if row := o.Skipped.Rows[0]; row.Key != "1" || row.Sequence != 1 || row.Position != 2 || !row.Order.Since.Known() || o.Skipped.Position != "2" {
				r.t.Errorf("it is %+v at %s", row, o.Skipped.Position)
			}
			r.place(3)
			r.relay(3)
			r.read(0, "order-1")
			r.s.Run(r.t, "DELETE FROM outbox WHERE id = 1")
			r.read(0)
		}},
		"the transaction was open when lostorder was started": {story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.relay(2)
			r.read(0)
			commit()
			r.read(0, "order-1")
		}},
		"a row whose column shows that it is not published": {more: []string{marked}, story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.relay(2)
			r.s.Run(r.t, "UPDATE outbox SET published_at = created_at WHERE id = 2")
			r.read(0)
			commit()
			r.place(3)
			if o := r.read(1, "order-1"); o.HeadKey != "3" || len(o.Sample) != 1 {
				r.t.Errorf("the head is %s of %v, want 3 alone: the relay will not publish the row that it skipped", o.HeadKey, o.Sample)
			}
			r.s.Run(r.t, "UPDATE outbox SET published_at = created_at WHERE id = 1")
			r.read(1) // by hand, or by a relay that reads it again
		}},
		"two rows at once; a replay publishes one": {story: func(r *sequenced) {
			first, _ := r.begin(1)
			r.place(2)
			second, _ := r.begin(3)
			r.place(4)
			r.relay(4)
			r.read(0)
			first()
			second()
			r.read(0, "order-1", "order-3")
			r.relay(2)
			r.read(2, "order-1")
			r.relay(4)
			r.read(0, "order-1")
		}},
		"benign: a long transaction is open while the relay continues": {story: func(r *sequenced) {
			commit, _ := r.begin(5)
			for i := range 4 {
				r.place(i + 1)
				r.relay(i + 1)
				r.read(0)
			}
			r.place(6)
			r.read(1) // the relay waits before the gap
			commit()
			r.read(2)
			r.relay(6)
			r.read(0)
		}},
		"benign: a transaction is rolled back, and the number stays empty": {story: func(r *sequenced) {
			_, rollback := r.begin(1)
			r.place(2)
			r.relay(2)
			r.read(0)
			rollback()
			r.read(0)
			r.place(4)
			r.relay(4)
			r.read(0)
			r.read(0)
		}},
		"benign: the relay is merely behind": {story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.read(1)
			commit()
			r.read(2)
			r.relay(1)
			r.read(1)
			r.relay(2)
			r.read(0)
		}},
		"benign: the relay reads the last numbers again": {
			more: []string{"position: {table: relay_position, columns: last_id, where: relay = 'orders', lookback: 10}"},
			story: func(r *sequenced) {
				commit, _ := r.begin(1)
				r.place(2)
				r.relay(2)
				r.read(0)
				commit()
				r.read(0)
				r.place(30)
				r.relay(30)
				r.read(0)
			},
		},
		"benign: the relay is reset to before it, and reads everything again": {story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.relay(2)
			r.read(0)
			r.relay(0)
			r.read(1)
			commit()
			r.read(2)
			r.relay(2)
			r.read(0)
		}},
		"benign: two relays share the table": {more: []string{"where: aggregate_id <> 'order-1'"}, story: func(r *sequenced) {
			commit, _ := r.begin(1)
			r.place(2)
			r.relay(2)
			r.read(0)
			commit()
			r.read(0)
			r.place(3)
			r.read(1)
		}},
		"benign: published rows are deleted, also rows that were just passed": {story: func(r *sequenced) {
			for i := range 5 {
				r.place(i + 1)
			}
			r.relay(3)
			r.read(2)
			r.s.Run(r.t, "DELETE FROM outbox WHERE id < 4")
			r.read(2)
			r.relay(5)
			r.s.Run(r.t, "DELETE FROM outbox WHERE id < 6")
			r.read(0)
			r.read(0)
		}},
		"benign: parallel workers mark rows as published after the position has passed them": {more: []string{marked}, story: func(r *sequenced) {
			for i := range 3 {
				r.place(i + 1)
			}
			r.relay(3)
			r.read(3)
			r.s.Run(r.t, "UPDATE outbox SET published_at = created_at WHERE id > 1")
			r.read(1) // the first is tried again; it was committed in time
			r.s.Run(r.t, "UPDATE outbox SET published_at = created_at WHERE id = 1")
			r.read(0)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
				more := test.more
				if !strings.Contains(strings.Join(more, "\n"), "position:") {
					more = append(more, byPosition)
				}
				if !strings.Contains(strings.Join(more, "\n"), "columns: {order_id") {
					more = append(more, columns)
				}
				r := newSequenced(t, s, more...)
				if name != "the transaction was open when lostorder was started" {
					r.read(0)
				}
				test.story(r)
			})
		})
	}
}

func TestRowsBeyondThePositionArePending(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		r := newSequenced(t, s, "columns: {order_id: aggregate_id}", byPosition)
		add(t, s, 7, 3*time.Minute)
		add(t, s, 8, 2*time.Minute)
		add(t, s, 9, time.Minute)
		o := r.read(3)
		if o.Published != 0 || o.HeadKey != "7" {
			t.Errorf("published %d, the head is %s; want 0, 7", o.Published, o.HeadKey)
		}
		r.relay(8)
		o = r.read(1)
		if o.Published != 2 || o.HeadKey != "9" || len(o.Sample) != 1 || o.Sample[0].ID != "order-9" {
			t.Errorf("published %d, the head is %s of %v; want 2, 9, order-9", o.Published, o.HeadKey, o.Sample)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(time.Now())), time.Minute)
		r.s.Run(t, "UPDATE relay_position SET last_id = NULL WHERE relay = 'orders'")
		if o := whole(t, r.next()); o.Pending != 3 {
			t.Errorf("before the relay has started %d rows are pending, want 3", o.Pending)
		}
	})
}

func TestPositionFromQueryOrSeveralColumns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 5 {
			add(t, s, i+1, time.Minute)
		}
		s.Run(t, fmt.Sprintf("CREATE TABLE parts (part INTEGER PRIMARY KEY, at %s NULL, last_id BIGINT)", s.Time), "INSERT INTO parts SELECT 1, created_at, 4 FROM outbox WHERE id = 2",
			"INSERT INTO parts SELECT 2, created_at, 3 FROM outbox WHERE id = 2")
		s.Grant(t, "parts")
		if o := whole(t, read(t, settings(s.URL, "position: {query: SELECT min(last_id) AS slowest FROM parts}"))); o.Pending != 2 || o.Skipped == nil || o.Skipped.Position != "3" {
			t.Errorf("by a query %d rows are pending at %+v, want 2 at 3", o.Pending, o.Skipped)
		}
		s.Run(t, "UPDATE outbox SET created_at = (SELECT at FROM parts WHERE part = 1)")
		o := whole(t, read(t, settings(s.URL, "columns: {sequence: [created_at, id]}", "position: {table: parts, columns: [at, last_id], where: part = 2}")))
		if o.Pending != 2 || o.HeadKey != "4" || o.Skipped != nil {
			t.Errorf("by two columns %d rows are pending from %s on, want 2 from 4 on", o.Pending, o.HeadKey)
		}
	})
}

func TestInvalidPositionIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		position string
		want     string
	}{
		"no row":         {"{table: relay_position, columns: last_id, where: relay = 'order'}", "has no row for it; was the relay ever started, and is position.where right?"},
		"several rows":   {"{table: relay_position, columns: last_id}", "has several rows; select one with position.where"},
		"no number":      {"{table: relay_position, columns: relay, where: relay = 'orders'}", `"orders" is not a whole number, but column id of table`},
		"no column":      {"{table: relay_position, columns: lastid}", "did you mean last_id?"},
		"no table":       {"{table: relay_positions, columns: last_id}", "did you mean relay_position?"},
		"other columns":  {"{query: \"SELECT relay, last_id FROM relay_position\"}", "it has 2 columns, and the sequence of table"},
		"not even a row": {"{query: SELECT last_id FROM relay_position WHERE relay = 'x'}", "position.query has no row"},
	} {
		t.Run(name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				r := newSequenced(t, s, "position: "+test.position)
				report := r.next()
				if report.Err == nil || !strings.Contains(report.Err.Error(), test.want) || !report.Empty() {
					t.Errorf("the error is %v, want one that says %q, and nothing read", report.Err, test.want)
				}
			})
		})
	}
}

// However large the table, the key leads to the rows around the position.
func TestLargeTableIsReadAroundThePosition(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		r := newSequenced(t, s)
		n, limit := rows(s)
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at) SELECT 2 * i, 'order', %s FROM %s", s.Ago(time.Hour), s.Many(n)))
		s.Analyse(t, "outbox")
		r.relay(2*n - 40)
		next := watch(t, settingsWith(s.URL, limit, "columns: {order_id: aggregate_id}", byPosition))
		if o := whole(t, next()); o.Pending != 20 || len(o.Skipped.Rows) != 0 || o.Published != 0 {
			t.Errorf("%d rows are pending, %d were skipped; want 20, 0", o.Pending, len(o.Skipped.Rows))
		}
		r.relay(2 * n)
		next()
		s.Run(t, fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at) VALUES (%d, 'late', %s)", 2*n-41, s.Ago(0)), fmt.Sprintf("INSERT INTO outbox (id, aggregate_id, created_at) VALUES (%d, 'later', %s)", 2*n-1, s.Ago(0)))
		o := whole(t, next())
		if o.Pending != 0 || len(o.Skipped.Rows) != 2 || o.Published != 20 {
			t.Errorf("%d rows are pending, %d were published, skipped are %+v; want none, 20, both", o.Pending, o.Published, o.Skipped.Rows)
		}
	})
}

// The tracked gaps are limited. A warning reports that one was dropped.
func TestTooManyGapsAreAWarning(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		r := newSequenced(t, s, "columns: {order_id: aggregate_id}", byPosition)
		r.read(0)
		r.begin(7) // while it is open, every number may still get a row
		r.place(1 << 40)
		r.relay(1 << 40)
		report := r.next()
		if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "more than 1000 numbers behind the position of the relay have no row") {
			t.Errorf("warnings: %q", report.Warnings)
		}
		add(t, s, 1<<40-999, 0)
		if o := whole(t, r.next()); len(o.Skipped.Rows) != 1 || o.Skipped.Rows[0].Order.ID != fmt.Sprintf("order-%d", 1<<40-999) {
			t.Errorf("skipped are %+v, want the one among the latest numbers", o.Skipped.Rows)
		}
	})
}

// Only the latest of the passed rows are checked.
func TestMorePassedRowsThanTheCapAreAWarning(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		r := newSequenced(t, s, byPosition, "cap: 5")
		r.read(0)
		for i := range 8 {
			r.place(i + 1)
		}
		r.relay(8)
		report := r.next()
		if len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "the relay passed more than 5 rows between two readings") {
			t.Errorf("warnings: %q", report.Warnings)
		}
	})
}

// With a mark of publication, a skipped row is found although no reading saw the gap:
// here it is there before the first reading.
func TestUnmarkedRowBehindThePositionWasSkipped(t *testing.T) {
	const more = "columns: {order_id: aggregate_id, sequence: id, published_at: published_at"
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, fmt.Sprintf("CREATE TABLE relay_position (relay %s PRIMARY KEY, last_id BIGINT)", s.Key), "INSERT INTO relay_position VALUES ('orders', 5)")
		s.Grant(t, "relay_position")
		for id := range 6 {
			add(t, s, id+1, time.Hour)
		}
		s.Run(t, "UPDATE outbox SET published_at = created_at WHERE id NOT IN (2, 4, 6)", "UPDATE outbox SET attempts = 3 WHERE id = 4")
		for name, test := range map[string]struct {
			columns, head string
			want          []string
		}{
			"without attempts": {more + "}", "6", []string{"order-2", "order-4"}},
			"with attempts":    {more + ", attempts: attempts}", "4", []string{"order-2"}}, // the relay tries the fourth
		} {
			next := watch(t, settings(s.URL, test.columns, byPosition, "max_age: 1s"))
			first := whole(t, next())
			if first.Pending != 3 || first.HeadKey != test.head || len(first.Skipped.Rows) > 0 {
				t.Errorf("%s: at first %d are pending, the head is %s, skipped are %+v", name, first.Pending, first.HeadKey, first.Skipped.Rows)
			}
			time.Sleep(1100 * time.Millisecond) // max_age, after which no worker is expected to mark a row
			o := whole(t, next())
			var got []string
			for _, row := range o.Skipped.Rows {
				got = append(got, row.Order.ID)
				if !row.Unmarked || row.Position != 5 || o.Skipped.Position != "5" {
					t.Errorf("%s: the row is %+v at %s", name, row, o.Skipped.Position)
				}
			}
			if slices.Sort(got); !slices.Equal(got, test.want) || o.HeadKey != test.head || o.Pending != signal.Count(3-len(test.want)) {
				t.Errorf("%s: skipped are %q, the head is %s of %d pending; want %q", name, got, o.HeadKey, o.Pending, test.want)
			}
			s.Run(t, "UPDATE outbox SET published_at = created_at WHERE id = 2") // by hand
			if o := whole(t, next()); len(o.Skipped.Rows) != len(test.want)-1 {
				t.Errorf("%s: after it was published, skipped are %+v", name, o.Skipped.Rows)
			}
			s.Run(t, "UPDATE outbox SET published_at = NULL WHERE id = 2")
		}
	})
}
