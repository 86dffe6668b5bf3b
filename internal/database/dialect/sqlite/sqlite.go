// Package sqlite reads SQLite files that another program may be writing, also in WAL mode.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Engine is SQLite.
var Engine = dialect.Engine{Schemes: []string{"sqlite"}, Aliases: []string{"sqlite3"}, New: newFile}

// file is one SQLite file.
type file struct {
	path      string
	scanLimit int
	opened    os.FileInfo // the file that the connection is on
	asleep    bool        // no program had the file open when we opened it
}

func newFile(s dialect.Settings) (dialect.Dialect, error) {
	_, path, _ := strings.Cut(s.URL.Reveal(), ":")
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
	return &file{path: path, scanLimit: s.ScanLimit}, nil
}

func (*file) Name() string       { return "SQLite" }
func (d *file) Location() string { return "SQLite file " + d.path }
func (*file) Server() string     { return "" }
func (*file) Secrets() []string  { return nil } // a path is none

func (*file) Traits() dialect.Traits {
	return dialect.Traits{NoTimeZones: "SQLite has no time zones; write timestamps in UTC, or with their offset, and leave this out"}
}

func (d *file) Begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, dialect.Session, error) {
	// SQLite has no clock but that of the machine, which is ours.
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, dialect.Session{}, err
	}
	// BEGIN alone does not read the file: the snapshot would be of a later moment, and a
	// plan would be made without the latest index.
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM sqlite_master LIMIT 1)").Scan(&tables); err != nil {
		_ = tx.Rollback()
		return nil, dialect.Session{}, err
	}
	return tx, dialect.Session{}, nil
}
