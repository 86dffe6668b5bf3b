package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const sqliteName = "SQLite"

// sqlite reads a file that another program may be writing, also in WAL mode.
type sqlite struct {
	path   string
	opened os.FileInfo // the file that the connection is on
	asleep bool        // nobody had the file open when we opened it
}

func newSQLite(c Config) (dialect, error) {
	_, path, _ := strings.Cut(c.URL.Reveal(), ":")
	path, options, _ := strings.Cut(path, "?")
	if options != "" {
		return nil, errors.New("a sqlite URL takes no options: the file is always opened read-only")
	}
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return nil, errors.New("a sqlite URL has no host: write sqlite:///an/absolute/path or sqlite:a/relative/path")
		}
		path = rest
	}
	path, err := url.PathUnescape(path)
	if err != nil {
		return nil, errors.New("a per cent sign in the path has to be written as %25")
	}
	if path == "" || path == ":memory:" {
		return nil, errors.New("a sqlite URL names a file: sqlite:///var/lib/shop/orders.db")
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("find the folder of the file: %w", err)
	}
	return &sqlite{path: path}, nil
}

func (*sqlite) name() string      { return sqliteName }
func (d *sqlite) where() string   { return "SQLite file " + d.path }
func (*sqlite) secrets() []string { return nil } // a path is none

func (d *sqlite) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, session, error) {
	// SQLite has no clock but that of the machine, which is ours.
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, session{}, err
	}
	// BEGIN alone does not look at the file: the picture would be of a later moment,
	// and a plan would be made without the latest index.
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM sqlite_master LIMIT 1)").Scan(&tables); err != nil {
		_ = tx.Rollback()
		return nil, session{}, err
	}
	return tx, session{}, nil
}

func (*sqlite) quote(identifier string) string {
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// value is a literal: with a bound value SQLite would not use a partial index.
func (*sqlite) value(v string, _ *[]any) string {
	return "'" + strings.ReplaceAll(v, "'", "''") + "'"
}

func (d *sqlite) text(c Column) string {
	name := d.quote(c.Name)
	return "CASE typeof(" + name + ") WHEN 'blob' THEN lower(hex(" + name + ")) ELSE CAST(" + name + " AS TEXT) END"
}

// millis goes by what is in each row, for a column may hold anything: numbers by
// their size, ISO 8601 with or without an offset, and Go's own notation
// "2006-01-02 15:04:05.999 +0200 CEST", which Go programs leave behind.
func (d *sqlite) millis(c Column) (string, bool) {
	name := d.quote(c.Name)
	rest := "substr(" + name + ", 20)"
	space := "instr(" + rest + ", ' ')"
	offset := "substr(" + rest + ", " + space + " + 1, 5)"
	golang := "substr(" + name + ", 1, 19) || substr(" + rest + ", 1, " + space + " - 1) || substr(" + offset + ", 1, 3) || ':' || substr(" + offset + ", 4, 2)"
	return "CASE typeof(" + name + ") WHEN 'integer' THEN " + epochBySize(name) + " WHEN 'real' THEN CAST(" + epochBySize(name) + " AS INTEGER)" +
		" WHEN 'text' THEN CAST(round(coalesce(unixepoch(" + name + ", 'subsec'), unixepoch(" + golang + ", 'subsec')) * 1000) AS INTEGER) END", true
}

// epochBySize takes a number for seconds, milliseconds, microseconds or
// nanoseconds since 1970 by its size: each reading is the only one that lies
// between 1973 and 5138.
func epochBySize(name string) string {
	return "(CASE WHEN " + name + " < 100000000000 THEN " + name + " * 1000" +
		" WHEN " + name + " < 100000000000000 THEN " + name +
		" WHEN " + name + " < 100000000000000000 THEN " + name + " / 1000" +
		" ELSE " + name + " / 1000000 END)"
}

func (d *sqlite) distinct(t *Table, c Column, limit int) string {
	return skipScan(d, tableIn(d, t), c, limit)
}

func (*sqlite) same(_ Column, a, b string) bool { return a == b }

func (d *sqlite) index(x index) string      { return x.create(d, "", x.columns, x.where) }
func (*sqlite) grant(*Table, string) string { return "" }
