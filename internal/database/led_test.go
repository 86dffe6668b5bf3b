//go:build integration

package database_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// latest reads the latest thousand rows of a table by its columns at and id.
func latest(ctx context.Context, db *database.DB, table string) (database.Paged, error) {
	var page database.Paged
	err := db.Read(ctx, func(r *database.Reading) error {
		found, err := r.Table(ctx, table)
		if err != nil {
			return err
		}
		var columns []database.Column
		for _, name := range []string{"at", "id", "note"} {
			c, err := found.Column(name, name)
			if err != nil {
				return err
			}
			columns = append(columns, c)
		}
		s := database.Selection{What: "rows", Table: found, Since: columns[0], Tie: columns[1:2]}
		page, err = r.Page(ctx, s, database.Page{Back: true, Rows: 1000}, columns[2])
		return err
	})
	return page, err
}

// TestTheIndexThatIsThereIsTaken on a table that MariaDB would sort whole,
// whatever its indexes and the table are called, and whatever becomes of them.
func TestTheIndexThatIsThereIsTaken(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		hidden := "CREATE INDEX a_hidden ON %s (at, id) IGNORED"
		if s.MySQL {
			hidden = "CREATE INDEX a_hidden ON %s (at, id) INVISIBLE"
		}
		name := s.Quoted("or%ders FROM") // and a name that FROM is in
		s.Run(t, fmt.Sprintf("CREATE TABLE %s (id BIGINT PRIMARY KEY, at %s NOT NULL, note VARCHAR(400))", name, s.Time),
			fmt.Sprintf("INSERT INTO %s SELECT i, %s, repeat('x', 300) FROM %s", name, s.Ago(time.Hour), s.Many(30_000)))
		if s.Kind == "mariadb" {
			s.Run(t, fmt.Sprintf(hidden, name))
		}
		s.Analyse(t, name)
		s.Grant(t, name, "id", "at", "note")
		db := open(t, s.URL, ", scan_limit: 1000")
		read := func(table string) error { _, err := latest(t.Context(), db, table); return err }
		table := `"or%ders FROM"`
		if err := read(table); !errors.Is(err, database.ErrRefused) || !strings.Contains(err.Error(), "CREATE INDEX") {
			t.Errorf("without an index: %v", err)
		}
		for i := range 2 {
			index := s.Quoted(fmt.Sprintf("by at %d", i))
			s.Run(t, fmt.Sprintf("CREATE INDEX %s ON %s (at, id)", index, name))
			err := read(table)
			if i > 0 && err != nil { // the index that was taken before is gone
				t.Log(err)
				err = read(table)
			}
			if err != nil {
				t.Errorf("with %s: %v", index, err)
			}
			drop := "DROP INDEX " + index
			if s.Kind == "mariadb" {
				drop += " ON " + name
			}
			s.Run(t, drop)
			if s.Kind == "postgres" {
				db.Forget() // it takes its plan as known for an hour
			}
			if err := read(table); err == nil {
				t.Errorf("without %s it is read", index)
			}
		}
	})
}

// TestTheIndexOfATableInAnotherSchemaIsTaken, where one of the same name is in the
// schema of the connection.
func TestTheIndexOfATableInAnotherSchemaIsTaken(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		other := s.User + "_other"
		s.Run(t, "CREATE SCHEMA "+other)
		t.Cleanup(func() { s.Run(t, "DROP SCHEMA "+other+map[string]string{"postgres": " CASCADE"}[s.Kind]) })
		for _, table := range []string{"moments", other + ".moments"} {
			s.Run(t, fmt.Sprintf("CREATE TABLE %s (id BIGINT PRIMARY KEY, at %s NOT NULL, note VARCHAR(400))", table, s.Time),
				fmt.Sprintf("INSERT INTO %s SELECT i, %s, repeat('x', 300) FROM %s", table, s.Ago(time.Hour), s.Many(30_000)))
			s.Analyse(t, table)
			s.Grant(t, table, "id", "at", "note")
		}
		if s.Kind == "postgres" {
			s.Run(t, "GRANT USAGE ON SCHEMA "+other+" TO "+s.User)
		}
		s.Run(t, "CREATE INDEX of_the_other ON "+other+".moments (at, id)")
		db := open(t, s.URL, ", scan_limit: 1000")
		if _, err := latest(t.Context(), db, other+".moments"); err != nil {
			t.Errorf("with an index: %v", err)
		}
		if _, err := latest(t.Context(), db, "moments"); !errors.Is(err, database.ErrRefused) {
			t.Errorf("without an index: %v", err)
		}
	})
}

// TestAViewThatWouldScanAsksForNoIndexOnIt, for it can have none.
func TestAViewThatWouldScanAsksForNoIndexOnIt(t *testing.T) {
	databasetest.EachWithMySQL(t, func(t *testing.T, s *databasetest.Shop) {
		s.Run(t, fmt.Sprintf("CREATE TABLE orders (id BIGINT, at %s, note VARCHAR(400))", s.Time),
			fmt.Sprintf("INSERT INTO orders SELECT i, %s, 'x' FROM %s", s.Ago(time.Hour), s.Many(30_000)),
			"CREATE VIEW live AS SELECT * FROM orders WHERE note IS NOT NULL")
		s.Analyse(t, "orders")
		s.Grant(t, "live")
		db := open(t, s.URL, ", scan_limit: 1000")
		if s.Kind == "mariadb" {
			if _, err := latest(t.Context(), db, "live"); err == nil || !strings.Contains(err.Error(), "SHOW VIEW") {
				t.Errorf("without the right to look at its plan: %v", err)
			}
			s.Run(t, "GRANT SHOW VIEW ON live TO "+s.Reader())
			s.Grant(t, "orders")
		}
		_, err := latest(t.Context(), db, "live")
		if !errors.Is(err, database.ErrRefused) || strings.Contains(err.Error(), "CREATE INDEX") || !strings.Contains(err.Error(), "live is a view") {
			t.Errorf("the error is %v", err)
		}
	})
}
