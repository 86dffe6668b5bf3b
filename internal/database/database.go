package database

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// recheckAfter is how long a query's plan is taken as known.
const recheckAfter = time.Hour

// DB reads one database, on connections that it shares with every other DB on the server.
type DB struct {
	config  Config
	dialect dialect.Dialect
	pool    *pool
	broken  error // why it could not even be set up
	closed  sync.Once
	slow    bool // the last reading held its connection for long

	shown    map[string]bool       // tables that show every row
	sorted   map[string]bool       // queries whose plan is good if the database sorts
	accepted map[string]bool       // queries whose plan was found good
	harmless map[dialect.Call]bool // functions that are known to be harmless
	hints    map[string]string     // the index that a query names, where the server would not use it by itself
	checked  time.Time             // when accepted was begun
	user     string                // who we are, as the server said last
}

// Open sets up a database without connecting to it. The first Read returns what is
// wrong with its config.
func Open(c Config) *DB {
	db := &DB{config: c}
	db.forget()
	if db.dialect, db.broken = dialectOf(c); db.broken != nil {
		return db
	}
	db.pool, db.broken = openPool(c, db.dialect)
	return db
}

// Name is what the config calls the database.
func (db *DB) Name() string { return db.config.Name }

// Close ends the connection, unless another DB reads the same database.
func (db *DB) Close() (err error) {
	if db.pool == nil {
		return nil
	}
	db.closed.Do(func() { err = db.pool.leave() })
	return err
}

// Read runs fn in one READ ONLY transaction, which gives it one picture of the
// database, and ends the transaction. Reads of one DB must not overlap.
func (db *DB) Read(ctx context.Context, fn func(*Reading) error) error {
	if db.broken != nil {
		return fmt.Errorf("open database %s: %s", db.config.Name, dialect.Scrub(db.broken.Error(), db.secrets()))
	}
	if time.Since(db.checked) > recheckAfter {
		db.forget()
	}
	r, end, err := db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return fn(r)
}

func (db *DB) begin(ctx context.Context) (*Reading, func(), error) {
	if s, ok := db.dialect.(dialect.Mover); ok && s.Moved() {
		db.pool.reopen()
		db.forget()
	}
	conn, err := db.pool.take(ctx, db.slow)
	if err != nil {
		return nil, nil, db.connectError(ctx, err)
	}
	if d, ok := db.dialect.(dialect.Ender); ok {
		_ = conn.Raw(func(c any) error { conn.ended = d.Ended(c); return nil })
	}
	back := func(cut bool) {
		db.slow = conn.isSlow()
		conn.back(cut || ctx.Err() != nil)
	}
	tx, s, err := db.dialect.Begin(ctx, conn.Conn)
	if err != nil {
		back(false)
		return nil, nil, db.connectError(ctx, err)
	}
	r := &Reading{db: db, dialect: db.dialect, conn: conn.Conn, tx: tx, session: s}
	db.user = s.User
	r.clock = newClock(s, time.Duration(db.config.ReadReplicaLag))
	return r, func() {
		_ = tx.Rollback() // there is nothing to commit
		back(r.cut)
	}, nil
}

// forget drops what is known of plans, so that they are asked for again.
func (db *DB) forget() {
	db.accepted, db.hints, db.harmless = map[string]bool{}, map[string]string{}, map[dialect.Call]bool{}
	db.sorted = map[string]bool{}
	db.shown = map[string]bool{}
	db.checked = time.Now()
}

func (db *DB) secrets() []string {
	if db.dialect == nil {
		return []string{db.config.URL.Reveal()}
	}
	return append(db.dialect.Secrets(), db.config.URL.Reveal())
}
