package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestErrorsNameTheMistake(t *testing.T) {
	for _, test := range []struct {
		name string
		more []string
		want []string // in the error
		part bool     // the rest is still read
	}{
		{"a missing table", []string{"table: outbx"}, []string{"find table", "outbx", "did you mean outbox?"}, false},
		{
			"a missing column",
			[]string{"columns: {created_at: created, published_at: publishedat}"},
			[]string{`no column "created"`, "did you mean created_at?", "columns.created_at in the config", `no column "publishedat"`, "did you mean published_at?"},
			false,
		},
		{"a column that holds no time", []string{"columns: {created_at: aggregate_id}"}, []string{"aggregate_id", "holds no time"}, false},
		{"a predicate with a missing column", []string{"pending: stauts = 'PENDING'"}, []string{"stauts", "the columns of table", "status"}, false},
		{"a predicate that is not SQL", []string{"pending: status = = 3"}, []string{"count pending rows"}, false},
		{"a failed predicate with a missing column", []string{everything, "failed: dead = 1"}, []string{"count failed rows", "dead"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
				if s.Kind == "sqlite" && strings.Contains(test.name, "no time") {
					t.Skip("a column of SQLite may hold anything")
				}
				makeTable(t, s)
				add(t, s, 1, time.Minute)
				text := settings(s.URL, test.more...)
				if strings.Contains(text, "table: outbx") {
					text = strings.Replace(text, "    table: outbox\n", "", 1)
				}
				r := read(t, text)
				if r.Err == nil {
					t.Fatal("there is no error")
				}
				t.Logf("%v", r.Err)
				for _, want := range test.want {
					if !strings.Contains(r.Err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, r.Err)
					}
				}
				if test.part != !r.Empty() {
					t.Errorf("read something: %v, want %v", !r.Empty(), test.part)
				}
				if test.part && r.Outboxes[0].Pending != 1 {
					t.Errorf("pending is %d, want 1", r.Outboxes[0].Pending)
				}
				if s.Password != "" && strings.Contains(r.Err.Error(), s.Password) {
					t.Error("the error contains the password")
				}
			})
		})
	}
}

func TestMissingAndFutureTimestampsAreWarnings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		add(t, s, 1, time.Minute)
		add(t, s, 2, -2*time.Hour)
		s.Run(t, "INSERT INTO outbox (id, aggregate_id) VALUES (3, 'o'), (4, 'p')")
		r := read(t, settings(s.URL, everything))
		o := whole(t, r)
		if o.Pending != 4 {
			t.Errorf("pending is %d, want 4", o.Pending)
		}
		checkAge(t, "the oldest", o.Oldest.At(signal.InstantOf(r.At)), time.Minute)
		checkWarning(t, r, "pending rows", "created_at (NULL): 2;")
		checkWarning(t, r, "pending rows", "in the future: 1, by up to 2h0m0s")
		last := o.Sample[len(o.Sample)-1]
		if last.ID != "order-2" || last.Since > signal.InstantOf(r.At) {
			t.Errorf("the row in the future is %v, now is %v", last, signal.InstantOf(r.At))
		}
	})
}

func TestRowsWithoutTimestampHaveUnknownAge(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		s.Run(t, "INSERT INTO outbox (id) VALUES (3)")
		o := whole(t, read(t, settings(s.URL, everything)))
		if o.Pending != 1 || o.Oldest.Known() || o.HeadKey != "" || len(o.Sample) != 0 {
			t.Errorf("it is %+v; want one pending row of unknown age", o)
		}
	})
}

func TestEmptyTableIsACompleteReading(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		r := read(t, settings(s.URL))
		if o := whole(t, r); o.Pending != 0 || o.Retried != signal.Unknown || o.Failed != signal.Unknown || o.Oldest.Known() {
			t.Errorf("it is %+v; want nothing pending, and the rest unknown", o)
		}
	})
}

func TestPendingRowsByPredicateOrByPresence(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 5 {
			add(t, s, i, time.Minute)
		}
		s.Run(t, "UPDATE outbox SET status = 'FAILED' WHERE id < 2", "UPDATE outbox SET status = 'DONE' WHERE id = 2")
		o := whole(t, read(t, settings(s.URL, "pending: status = 'PENDING' OR status IS NULL", "failed: status = 'FAILED'")))
		if o.Pending != 2 || o.Failed != 2 || o.HeadKey != "3" {
			t.Errorf("pending %d, failed %d, head %s; want 2, 2, 3", o.Pending, o.Failed, o.HeadKey)
		}
		if o := whole(t, read(t, settings(s.URL))); o.Pending != 5 || o.HeadKey != "0" {
			t.Errorf("without a predicate %d rows are pending, the head is %s; want all 5, and 0", o.Pending, o.HeadKey)
		}
	})
}

func TestCountsStopAtTheCap(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, s *databasetest.Shop) {
		makeTable(t, s)
		for i := range 4 {
			add(t, s, i, time.Minute)
		}
		s.Run(t, "UPDATE outbox SET attempts = 2")
		for limit, want := range map[int]bool{2: true, 3: true, 4: false} {
			o := whole(t, read(t, settings(s.URL, everything, fmt.Sprintf("cap: %d", limit))))
			if o.Pending != signal.Count(limit) || o.PendingCapped != want || o.Retried != signal.Count(limit) {
				t.Errorf("with a cap of %d: %d pending, capped %v, %d retried", limit, o.Pending, o.PendingCapped, o.Retried)
			}
		}
	})
}

func checkWarning(t *testing.T, r signal.Report, words ...string) {
	t.Helper()
	for _, w := range r.Warnings {
		found := true
		for _, word := range words {
			found = found && strings.Contains(w, word)
		}
		if found {
			return
		}
	}
	t.Errorf("no warning says %q; there are %q", words, r.Warnings)
}

func TestInvalidConfigIsRefused(t *testing.T) {
	for _, test := range []struct{ name, more, want string }{
		{"two definitions of pending", "pending: status = 'P'\n    columns: {published_at: published_at}", "test.yml:8:14: outboxes[0].pending: given together with columns.published_at, which means published_at IS NULL; keep one of them"},
		{"a status without its values", "columns: {status: status}", "test.yml:8:23: outboxes[0].columns.status: does not define which values are pending; add for example pending: status = 'PENDING'"},
		{"a statement", "pending: 1=1; DELETE FROM outbox", "test.yml:8:14: outboxes[0].pending: a semicolon ends a statement; write a predicate alone, for example status = 'PENDING'"},
		{"a comment", "failed: a = 1 -- not b", "test.yml:8:13: outboxes[0].failed: a comment would hide what comes after it; write it as a comment of YAML"},
		{"an unmatched closing parenthesis", "failed: a = 1)", "test.yml:8:13: outboxes[0].failed: a parenthesis is closed that was not opened"},
		{"an unclosed quote", "failed: a = 'x", "test.yml:8:13: outboxes[0].failed: a quote is not closed"},
		{"a whole WHERE", "failed: WHERE a = 1", "test.yml:8:13: outboxes[0].failed: write the predicate alone, without the words before it, for example status = 'PENDING'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse("test.yml", []byte(settings("sqlite:/x.db", test.more)), "", []config.Section{database.Section(), outbox.Source().Section})
			if err == nil || err.Error() != test.want {
				t.Errorf("got:  %v\nwant: %s", err, test.want)
			}
		})
	}
}
