package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"net/url"
	"os"
)

func (d *file) Open() (*sql.DB, error) {
	return sql.OpenDB(sqliteConnector{d, sqliteDriver}), nil
}

// sqliteConnector opens the file in the way that leaves nothing behind.
type sqliteConnector struct {
	file   *file
	driver driver.Driver
}

// Connect opens the file for reading.
func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	options := url.Values{}
	options.Set("mode", "ro")
	options.Add("_pragma", "query_only(1)")
	// Without it SQLite takes "a column" that is not there, or no longer, for a text.
	options.Set("_dqs", "0")
	// For files in rollback journal mode, where a commit shuts readers out.
	options.Add("_pragma", "busy_timeout(1000)")
	if c.file.asleep = c.file.sleeps(); c.file.asleep {
		options.Set("immutable", "1")
	}
	location := url.URL{Scheme: "file", Path: c.file.path, RawQuery: options.Encode()}
	return c.driver.Open(location.String())
}

// Driver is that of the connections.
func (c sqliteConnector) Driver() driver.Driver { return c.driver }

// sleeps reports whether the file is in WAL mode and no program has it open. Even a
// reader would then create the files -wal and -shm, and the application, under
// another user perhaps, could not write to them when it starts.
func (d *file) sleeps() bool {
	file, err := os.Open(d.path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	const version = 18 // where the header says in which mode the file is written
	header := make([]byte, version+1)
	if _, err := io.ReadFull(file, header); err != nil || header[version] != 2 {
		return false
	}
	_, err = os.Stat(d.path + "-wal")
	return os.IsNotExist(err)
}

// Moved reports whether the file has to be opened again: another one took its
// place, a restored backup for example, or it slept, and what happened to it since
// cannot be seen from there.
func (d *file) Moved() bool {
	now, err := os.Stat(d.path)
	if err != nil {
		now = nil
	}
	before := d.opened
	d.opened = now
	return d.asleep || before != nil && (now == nil || !os.SameFile(before, now))
}
