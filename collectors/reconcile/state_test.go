package reconcile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/collectortest"
	"github.com/lostorder/lostorder/internal/database/databasetest"
	"github.com/lostorder/lostorder/internal/signal"
)

// kept is the config of a check with a state file.
func kept(t *testing.T, s *databasetest.Shop, more ...string) (text, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.json")
	text = sides(s, s, "{key: id, at: ''}", "{key: order_id, at: ''}", "exactly_one", append(more, "state_file: "+path)...)
	return text, path
}

func TestRestartResumesThePass(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, "CREATE TABLE "+table+" ("+key+" BIGINT PRIMARY KEY, created_at "+s.Time+")",
				"INSERT INTO "+table+" SELECT i, "+s.Ago(time.Hour)+" FROM "+s.Many(4000))
			s.Analyse(t, table)
			s.Grant(t, table)
		}
		s.Run(t, "DELETE FROM payments WHERE order_id IN (7, 8, 3900)")
		text, path := kept(t, s)
		slow := strings.Replace(text, "rows_per_second: 10000000", "rows_per_second: 200", 1)
		w := watch(t, slow)
		passed := w.next("the beginning of a pass, and its mismatches", func(r signal.Report) bool { return missing(2)(r) && r.Reconciliations[0].Pass.Fraction > 0.1 })
		w.stop()
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the state is not readable by its owner only: %v, %v", info, err)
		}
		s.Run(t, "INSERT INTO payments VALUES (8, "+s.Ago(0)+")") // fixed while lostorder does not run

		// The missing payment is reported again although the pass is beyond it.
		w = watch(t, override(slow, []string{never}))
		w.next("what is still missing", missing(1))
		r := w.next("one more reading", func(r signal.Report) bool { return r.Complete() })
		if part := r.Reconciliations[0].Pass.Fraction; part < passed.Reconciliations[0].Pass.Fraction {
			t.Errorf("the pass is at %.2f, and was at %.2f", part, passed.Reconciliations[0].Pass.Fraction)
		}
		w.stop()
		if got := w.everConfirmed(); len(got) != 1 || got[0] != "missing_right 7" || !strings.Contains(w.log.String(), "pass resumed") {
			t.Errorf("reported %q; the log: %s", got, w.log.String())
		}

		// And the pass finishes.
		w = watch(t, text)
		w.next("the rest", missing(2))
		if r := w.next("the end of the pass", func(r signal.Report) bool { return r.Reconciliations[0].Pass.Completed > 0 }); r.Err != nil {
			t.Error(r.Err)
		}
	})
}

// TestMemoryTakesTheStateFileOver: it is read once, no longer written, and not needed any
// more.
func TestMemoryTakesTheStateFileOver(t *testing.T) {
	t.Parallel()
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	add(t, s, "orders", "A-1", "1", "paid")
	add(t, s, "orders", "A-2", "1", "paid")
	text, path := kept(t, s)
	w := watch(t, text)
	w.next("the missing payments", missing(2))
	w.stop()
	if !strings.Contains(w.log.String(), "state_file is deprecated; set state") {
		t.Errorf("the log does not say that the key is deprecated: %s", w.log.String())
	}
	wrote, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	memory := &collectortest.Memory{}
	w = watchFrom(t, text, memory)
	w.next("the missing payments", missing(2))
	w.stop()
	if log := w.log.String(); !strings.Contains(log, "pass resumed") || !strings.Contains(log, "deprecated and no longer written") {
		t.Errorf("log: %s", log)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(wrote) {
		t.Errorf("the state file was written again: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}

	// One is paid while lostorder is down. The first reading shows the other at once, and
	// that it has compared both.
	add(t, s, "payments", "A-1", "1", "paid")
	w = watchFrom(t, override(text, []string{never}), memory)
	r := w.next("a reading", func(r signal.Report) bool { return len(r.Reconciliations) > 0 })
	w.stop()
	if got := r.Reconciliations[0].Mismatches; len(w.compared) == 1 && (got[1].Kind != signal.MissingRight || got[1].Count != 1 || !r.Recalled) {
		t.Errorf("the first reading has %+v, recalled: %t", got, r.Recalled)
	}
	if log := w.log.String(); !strings.Contains(log, "from=state.dir") {
		t.Errorf("log: %s", log)
	}
}

// TestMismatchIsRememberedBeforeItIsReported: a crash at any moment leaves no finding
// without what it was found from.
func TestMismatchIsRememberedBeforeItIsReported(t *testing.T) {
	t.Parallel()
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	add(t, s, "orders", "A-1", "1", "paid")
	text := settings(s, s, "exactly_one")
	memory := &collectortest.Memory{}
	w := watchFrom(t, text, memory)
	crashed := &collectortest.Memory{}
	w.next("the missing payment", func(r signal.Report) bool {
		crashed = &collectortest.Memory{Kept: memory.Copy()}
		return missing(1)(r)
	})
	next := watchFrom(t, override(text, []string{never}), crashed)
	r := next.next("a reading", func(r signal.Report) bool { return len(r.Reconciliations) > 0 })
	if !missing(1)(r) || !r.Recalled {
		t.Errorf("the first reading after the crash is %+v", r)
	}
}

func TestNewRowsDuringADowntimeAreCompared(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		const meanwhile = 5100 // more than the first reading compares, and later than the rows that it must compare
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, "CREATE TABLE "+table+" ("+key+" BIGINT PRIMARY KEY, created_at "+s.Time+")", "CREATE INDEX "+table+"_at ON "+table+" (created_at)",
				"INSERT INTO "+table+" VALUES (0, "+s.Ago(time.Hour)+")")
			s.Grant(t, table)
		}
		text, _ := kept(t, s, never)
		text = strings.ReplaceAll(text, ", at: ''", "")
		w := watch(t, text)
		w.next("two readings", func(r signal.Report) bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return r.Complete() && len(w.parts) > 2
		})
		w.stop()
		for i, key := range []string{"orders", "payments"} {
			s.Run(t, "INSERT INTO "+key+" SELECT i, "+s.Ago(30*time.Minute)+" FROM "+s.Many(300)+" WHERE i <> "+[]string{"0", "5"}[i],
				"INSERT INTO "+key+" SELECT i + 10000, "+s.Ago(time.Minute)+" FROM "+s.Many(meanwhile))
			s.Analyse(t, key)
		}
		w = watch(t, text)
		w.next("the order of then", missing(1))
	})
}

func TestUnusableStateIsIgnored(t *testing.T) {
	t.Parallel()
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	add(t, s, "orders", "A-1", "1", "paid")
	text, path := kept(t, s)
	for name, content := range map[string]string{
		"damaged":          `{"check": "`,
		"empty":            ``,
		"of another check": `{"check": "abc", "suspects": [{"key": ["A-9"], "kind": "missing_right"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			w := watch(t, text)
			w.next("the missing payment", missing(1))
			w.stop()
			if !strings.Contains(w.log.String(), "a new pass begins") {
				t.Errorf("the log does not mention it: %s", w.log.String())
			}
		})
	}
	t.Run("of what was configured before", func(t *testing.T) {
		w := watch(t, strings.Replace(text, "exactly_one", "at_least_one", 1))
		w.next("the missing payment", missing(1))
		w.stop()
		if !strings.Contains(w.log.String(), "with an earlier configuration") {
			t.Errorf("the log does not mention it: %s", w.log.String())
		}
	})
	t.Run("in a folder that is none", func(t *testing.T) {
		w := watch(t, strings.Replace(text, path, path+"/x/state.json", 1))
		r := w.next("the missing payment", missing(1))
		if all := strings.Join(r.Warnings, "\n"); !strings.Contains(all, "cannot write state_file") {
			t.Errorf("there is no warning: %q", all)
		}
	})
}

// TestAStateThatWasTamperedWithIsIgnored changes single values of a state that lostorder wrote.
func TestAStateThatWasTamperedWithIsIgnored(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *databasetest.Shop) {
		for table, key := range map[string]string{"orders": "id", "payments": "order_id"} {
			s.Run(t, "CREATE TABLE "+table+" ("+key+" "+s.Key+" PRIMARY KEY, created_at "+s.Time+")", "CREATE INDEX "+table+"_at ON "+table+" (created_at)",
				"INSERT INTO "+table+" VALUES ('A-0', "+s.Ago(time.Hour)+")")
			s.Grant(t, table)
		}
		s.Run(t, "INSERT INTO orders VALUES ('A-1', "+s.Ago(time.Hour)+")")
		text, path := kept(t, s)
		text = strings.ReplaceAll(text, ", at: ''", "")
		w := watch(t, text)
		w.next("the missing payment", missing(1))
		w.stop()
		wrote, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(wrote), "A-1") {
			t.Fatalf("the state is %s, %v", wrote, err)
		}
		for name, change := range map[string]func(m map[string]any){
			"an empty key of a mismatch":    func(m map[string]any) { m["suspects"].([]any)[0].(map[string]any)["key"] = []string{} },
			"no key of a mismatch":          func(m map[string]any) { m["suspects"].([]any)[0].(map[string]any)["key"] = nil },
			"a key with too many parts":     func(m map[string]any) { m["suspects"].([]any)[0].(map[string]any)["key"] = []string{"A-1", "A-2"} },
			"a mismatch of another kind":    func(m map[string]any) { m["suspects"].([]any)[0].(map[string]any)["kind"] = "different" },
			"a mismatch from the future":    func(m map[string]any) { m["suspects"].([]any)[0].(map[string]any)["first"] = "2999-01-01T00:00:00Z" },
			"an empty position of the pass": func(m map[string]any) { m["round"].(map[string]any)["from"] = []string{} },
			"a count below zero":            func(m map[string]any) { m["round"].(map[string]any)["rows"] = -1 },
			"a mark of 2999":                func(m map[string]any) { m["marks"] = []string{"'2999-01-01 00:00:00'", "2999-01-01 00:00:00"} },
			"a mark that is no time":        func(m map[string]any) { m["marks"] = []string{"yesterday", "x"} },
			"a mark that is SQL": func(m map[string]any) {
				m["marks"] = []string{"0) OR (SELECT 1/0 FROM orders) > (0", "0; DROP TABLE orders"}
			},
		} {
			t.Run(name, func(t *testing.T) {
				var m map[string]any
				if err := json.Unmarshal(wrote, &m); err != nil {
					t.Fatal(err)
				}
				change(m)
				changed, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
				w := watch(t, text)
				defer w.stop()
				r := w.next("the missing payment", missing(1))
				if r.Err != nil || !strings.Contains(w.log.String(), "is ignored") {
					t.Errorf("error %v; the log: %s", r.Err, w.log.String())
				}
			})
		}
	})
}

func TestTheStateIsEncryptedWhereOrderIDsAreHashed(t *testing.T) {
	t.Parallel()
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	add(t, s, "orders", "PLANTED-1", "1", "paid")
	text, path := kept(t, s)
	private := "privacy: {order_ids: hash, salt: 0123456789abcdef}\n" + text
	w := watch(t, private)
	w.next("the missing payment", missing(1))
	w.stop()
	wrote, err := os.ReadFile(path)
	if err != nil || len(wrote) == 0 || strings.Contains(string(wrote), "PLANTED") || strings.Contains(string(wrote), "suspects") {
		t.Errorf("the state is %q, %v", wrote, err)
	}
	w = watch(t, private)
	w.next("the missing payment", missing(1))
	w.stop()
	if !strings.Contains(w.log.String(), "pass resumed") {
		t.Errorf("it is not used again: %s", w.log.String())
	}
}

func TestCheckCommandDoesNotWriteTheState(t *testing.T) {
	s := databasetest.SQLite(t)
	shop(t, s, "orders", "payments")
	text, path := kept(t, s)
	if e := collectors.Examine(t.Context(), load(t, text)[0]); !e.Report.Complete() {
		t.Fatal(e.Report.Err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it wrote a state")
	}
}
