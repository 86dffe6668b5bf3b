package database_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

func TestAFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.db"):        "there is no file " + filepath.Join(dir, "none.db"),
		dir:                                  "is a folder",
		text:                                 "is not an SQLite database",
		filepath.Join(dir, "no", "where.db"): "there is no file",
		filepath.Join(dir, "per%25cent?.db")[:len(dir)] + "/per%25cent.db": "per%cent.db",
	} {
		_, err := tally(t.Context(), open(t, "sqlite://"+path, ""), "moments")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestReadingLeavesNoFileBehind(t *testing.T) {
	files := func(path string) string {
		t.Helper()
		all, err := filepath.Glob(path + "*")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	for _, mode := range []string{"WAL", "DELETE"} {
		s := databasetest.SQLite(t)
		s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES (1)", "PRAGMA journal_mode = "+mode)
		if err := s.Admin.Close(); err != nil {
			t.Fatal(err)
		}
		if got := files(s.Path); got != s.Path {
			t.Fatalf("the application left behind %s", got)
		}
		db := open(t, s.URL, "")
		if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 1 {
			t.Errorf("in mode %s: %+v, %v", mode, got, err)
		}
		if got := files(s.Path); got != s.Path {
			t.Errorf("in mode %s reading made %s", mode, got)
		}
		// The application comes back, writes, and goes again.
		app := databasetest.Reopen(t, s)
		app.Run(t, "INSERT INTO moments VALUES (2)")
		if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 2 {
			t.Errorf("in mode %s, beside the application: %+v, %v", mode, got, err)
		}
		app.Run(t, "INSERT INTO moments VALUES (3)")
		if err := app.Admin.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 3 {
			t.Errorf("in mode %s, after the application: %+v, %v", mode, got, err)
		}
	}
}

func TestAFileThatIsReplacedIsReadAnew(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES (1)", "PRAGMA journal_mode = DELETE")
	db := open(t, s.URL, "")
	if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	backup := databasetest.SQLite(t)
	backup.Run(t, "CREATE TABLE moments (at, more)", "INSERT INTO moments (at) VALUES (1), (2)", "PRAGMA journal_mode = DELETE")
	if err := os.Rename(backup.Path, s.Path); err != nil {
		t.Fatal(err)
	}
	if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 2 {
		t.Errorf("after the file was replaced: %+v, %v", got, err)
	}
}

func TestAWriterIsNeitherHeldUpNorWaitedFor(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES (1)")
	db := open(t, s.URL, "")
	tx, err := s.Admin.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO moments VALUES (2)"); err != nil {
		t.Fatal(err)
	}
	if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 1 {
		t.Errorf("beside an open transaction: %+v, %v", got, err)
	}
	err = db.Read(t.Context(), func(*database.Reading) error {
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit beside a reading: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got, err := tally(t.Context(), db, "moments"); err != nil || got.Rows.Count != 2 {
		t.Errorf("after the commit: %+v, %v", got, err)
	}
}

func TestAFileInRollbackModeThatIsLockedIsATimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	admin, err := sql.Open("sqlite", path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if _, err := admin.Exec("CREATE TABLE moments (at)"); err != nil {
		t.Fatal(err)
	}
	tx, err := admin.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	began := time.Now()
	_, err = tally(t.Context(), open(t, "sqlite://"+path, ""), "moments")
	if err == nil || !strings.Contains(err.Error(), "timeout: another program kept the file locked") {
		t.Errorf("got %v", err)
	}
	if waited := time.Since(began); waited > 4*time.Second {
		t.Errorf("it waited %s", waited)
	}
}

func TestTheStatementTimeoutEndsAQuery(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES (1)")
	endless := database.Matches("(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c) > 0")
	began := time.Now()
	_, err := tally(t.Context(), open(t, s.URL, ", statement_timeout: 200ms"), "moments", endless)
	if err == nil || !strings.Contains(err.Error(), "timeout: the query took longer than the statement timeout of 200ms") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAFileOpenedForReadingCannotBeWritten(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE moments (at)", "INSERT INTO moments VALUES (1)")
	// The driver would run a second statement, too, if it were given one.
	_, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches("1) LIMIT 1); DELETE FROM moments; SELECT (1"))
	if err == nil {
		t.Error("there is no error")
	}
	var n int
	if err := s.Admin.QueryRow("SELECT count(*) FROM moments").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

func TestAQuotedColumnThatIsNotThereIsNoText(t *testing.T) {
	s := databasetest.SQLite(t)
	s.Run(t, "CREATE TABLE moments (at)")
	_, err := tally(t.Context(), open(t, s.URL, ""), "moments", database.Matches(`"published" IS NULL`))
	if err == nil || !strings.Contains(err.Error(), `no such column: "published"`) {
		t.Errorf("got %v; SQLite would take it for the text published, which is never NULL", err)
	}
}
