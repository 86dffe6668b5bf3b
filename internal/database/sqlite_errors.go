package database

import (
	"errors"
	"fmt"
	"os"
	"strings"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

func (d *sqlite) explain(err error, q *query, _ session) (problem, bool) {
	var e *driver.Error
	if !errors.As(err, &e) {
		return problem{}, false
	}
	text := e.Error()
	switch e.Code() & 0xff {
	case codes.SQLITE_CANTOPEN, codes.SQLITE_IOERR:
		return problem{d.cannotOpen(text), true}, true
	case codes.SQLITE_NOTADB:
		return problem{fmt.Sprintf("%s is not an SQLite database, or it is encrypted", d.path), true}, true
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return problem{text: "timeout: another program kept the file locked for a second; in WAL mode (PRAGMA journal_mode=WAL) readers need not wait"}, true
	case codes.SQLITE_CORRUPT:
		return problem{fmt.Sprintf("%s is damaged: %s", d.path, text), true}, true
	case codes.SQLITE_READONLY:
		return problem{text: "the query would write, and the file is open read-only: " + text}, true
	}
	changed := strings.Contains(text, "no such ")
	if changed && q != nil && q.table != nil {
		text += "; " + columnsOf(q.table)
	}
	return problem{text, changed}, true
}

func (d *sqlite) cannotOpen(text string) string {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "there is no file " + d.path
	case errors.Is(err, os.ErrPermission):
		return "this user may not look into the folder of " + d.path
	case err == nil && info.IsDir():
		return d.path + " is a folder, not a file"
	}
	file, err := os.Open(d.path)
	if err != nil {
		return "this user may not read " + d.path + "; let it read the file, and the files -wal and -shm beside it"
	}
	_ = file.Close()
	return fmt.Sprintf("%s can be read and still not be opened: in WAL mode this user has to read the files -wal and -shm beside it, too, or be allowed to make them (%s)", d.path, text)
}

// columnsOf lists the columns of a table, for a message about one that is missing.
func columnsOf(t *Table) string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return fmt.Sprintf("the columns of table %s are %s", t, strings.Join(names, ", "))
}
