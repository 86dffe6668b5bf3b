package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// format is the version of everything in the file. What is written in another way gets
	// another number.
	format = 1
	// application identifies the file as lostorder's: "lost".
	application = 0x6c6f7374
	fileName    = "lostorder.db"
)

// maxPages bounds the file, in pages of 8 KiB: a memory must not fill a disk.
var maxPages = 16 << 10

var (
	errCorrupt = errors.New("the file is damaged")
	errNewer   = errors.New("a newer lostorder wrote the file")
	errLocked  = errors.New("another process uses the directory; give each lostorder its own")
)

// kind is what a record is about.
type kind string

const (
	kindMeta   kind = "meta"
	kindTarget kind = "target"
	kindOpen   kind = "open"
	kindClosed kind = "closed"
	kindPart   kind = "part"
	kindSource kind = "source"
)

type recordID struct {
	kind kind
	key  string
}

type record struct {
	recordID
	body []byte
}

// sum detects a record that the disk has changed: SQLite checks the structure of its
// file, not the content.
func (r record) sum() uint32 {
	sum := crc32.NewIEEE()
	for _, part := range []string{string(r.kind), "\x00", r.key, "\x00"} {
		_, _ = sum.Write([]byte(part)) // a hash never fails to write
	}
	_, _ = sum.Write(r.body)
	return sum.Sum32()
}

// store is the file. It is not safe for concurrent use.
type store struct {
	path string
	file os.FileInfo // the file that was opened
	db   *sql.DB
	conn *sql.Conn
}

// openStore opens the file, or creates it, and holds a lock on it until close.
func openStore(ctx context.Context, dir string) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the directory: %w", err)
	}
	path := filepath.Join(dir, fileName)
	// SQLite would create a world-readable file, and mistake a directory that cannot be
	// written for an empty one.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	s := &store{path: path, file: info}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(classify(err), s.close())
	}
	return s, nil
}

func (s *store) open(ctx context.Context) (err error) {
	if s.db, err = sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: s.path}).String()); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	// With the lock held until the end, the index of the log is in memory and not in a
	// mapped file. Each commit reaches the disk before it returns.
	for _, pragma := range []string{
		"busy_timeout = 2000", "page_size = 8192", "locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL",
		"cache_size = -512", "wal_autocheckpoint = 256", "journal_size_limit = 4194304", "auto_vacuum = NONE", "temp_store = MEMORY",
		fmt.Sprintf("max_page_count = %d", maxPages),
	} {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	if _, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = s.check(ctx)
	if err == nil {
		_, err = s.conn.ExecContext(ctx, "COMMIT")
	}
	return err
}

// check reads whether the file is whole and of this version, and creates what is missing
// from a new one.
func (s *store) check(ctx context.Context) error {
	var version, id, tables int
	for query, value := range map[string]*int{
		"PRAGMA user_version": &version, "PRAGMA application_id": &id, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := s.conn.QueryRowContext(ctx, query).Scan(value); err != nil {
			return err
		}
	}
	switch {
	case version == 0 && id == 0 && tables == 0:
		for _, statement := range []string{
			"CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (kind, key))",
			fmt.Sprintf("PRAGMA application_id = %d", application),
			fmt.Sprintf("PRAGMA user_version = %d", format),
		} {
			if _, err := s.conn.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	case id != application:
		return fmt.Errorf("%w: it is not lostorder's", errCorrupt)
	case version > format:
		return fmt.Errorf("%w: it has format %d, and this one knows %d", errNewer, version, format)
	case version < format:
		return fmt.Errorf("%w: it has the unknown format %d", errCorrupt, version)
	}
	var found string
	if err := s.conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", errCorrupt, found)
	}
	return nil
}

// load returns all records that are whole, and how many are not.
func (s *store) load(ctx context.Context) (records []record, damaged int, err error) {
	rows, err := s.conn.QueryContext(ctx, "SELECT kind, key, body, sum FROM records ORDER BY kind, key")
	if err != nil {
		return nil, 0, classify(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r record
		var sum int64
		if err := rows.Scan(&r.kind, &r.key, &r.body, &sum); err != nil {
			return nil, 0, classify(err)
		}
		if int64(r.sum()) != sum {
			damaged++
			continue
		}
		records = append(records, r)
	}
	return records, damaged, classify(rows.Err())
}

// write stores and removes records in one transaction: after a crash it is there as a
// whole or not at all.
func (s *store) write(ctx context.Context, put []record, remove []recordID) (err error) {
	if info, err := os.Stat(s.path); err != nil || !os.SameFile(info, s.file) {
		return errGone
	}
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error is the cause
		}
	}()
	for _, id := range remove {
		if _, err := tx.ExecContext(ctx, "DELETE FROM records WHERE kind = ? AND key = ?", id.kind, id.key); err != nil {
			return classify(err)
		}
	}
	for _, r := range put {
		if _, err := tx.ExecContext(ctx, "INSERT INTO records (kind, key, body, sum) VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, sum = excluded.sum",
			r.kind, r.key, r.body, int64(r.sum())); err != nil {
			return classify(err)
		}
	}
	return classify(tx.Commit())
}

// errGone: the file was removed or replaced. SQLite would continue to write to the old one.
var errGone = errors.New("the file was removed or replaced")

// purge removes from the disk what was deleted or overwritten.
func (s *store) purge(ctx context.Context) error {
	for _, statement := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return classify(err)
		}
	}
	return nil
}

// size is that of the file and its log.
func (s *store) size() (n int64) {
	for _, path := range []string{s.path, s.path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			n += info.Size()
		}
	}
	return n
}

func (s *store) close() error {
	var errs []error
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// setAside renames a file that is of no use, so that a new one takes its place. Only the
// latest is kept.
func setAside(dir, suffix string) (name string, err error) {
	path := filepath.Join(dir, fileName)
	name = path + suffix
	for _, part := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + part); err != nil && !errors.Is(err, os.ErrNotExist) {
			return name, err
		}
	}
	return name, os.Rename(path, name)
}

// classify recognises the errors of SQLite that need another treatment than waiting.
func classify(err error) error {
	failure, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", errCorrupt, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", errLocked, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full, or the file has reached its largest size: %w", err)
	default:
		return err
	}
}
