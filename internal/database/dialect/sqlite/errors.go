package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

func (d *file) Explain(err error, q *dialect.Query, _ string) (dialect.Problem, bool) {
	var e *driver.Error
	if !errors.As(err, &e) {
		return dialect.Problem{}, false
	}
	text := e.Error()
	switch e.Code() & 0xff {
	case codes.SQLITE_CANTOPEN, codes.SQLITE_IOERR:
		return dialect.Problem{Text: d.cannotOpen(text), Changed: true}, true
	case codes.SQLITE_NOTADB:
		return dialect.Problem{Text: fmt.Sprintf("%s is not an SQLite database, or it is encrypted", d.path), Changed: true}, true
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return dialect.Problem{Text: "timeout: another program kept the file locked for a second; in WAL mode (PRAGMA journal_mode=WAL) readers need not wait"}, true
	case codes.SQLITE_CORRUPT:
		return dialect.Problem{Text: fmt.Sprintf("%s is damaged: %s", d.path, text), Changed: true}, true
	case codes.SQLITE_READONLY:
		return dialect.Problem{Text: "the query would write, and the file is open read-only: " + text}, true
	}
	changed := strings.Contains(text, "no such ")
	if changed && q != nil && q.Table != nil {
		text += "; " + q.Table.ListColumns()
	}
	return dialect.Problem{Text: text, Changed: changed}, true
}

func (d *file) cannotOpen(text string) string {
	info, err := os.Stat(d.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "there is no file " + d.path
	case errors.Is(err, os.ErrPermission):
		return "this user may not read the folder of " + d.path
	case err == nil && info.IsDir():
		return d.path + " is a folder, not a file"
	}
	opened, err := os.Open(d.path)
	if err != nil {
		return "this user may not read " + d.path + "; let it read the file, and the files -wal and -shm beside it"
	}
	_ = opened.Close()
	return fmt.Sprintf("%s can be read and still not be opened: in WAL mode this user also has to read the files -wal and -shm beside it, or be allowed to create them (%s)", d.path, text)
}
