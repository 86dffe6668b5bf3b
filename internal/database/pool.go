package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// pool has the connections to one database with one set of settings.
type pool struct {
	config Config
	*sql.DB
	closing func() func() // starts to cut what hangs, as [dialect.Closer] does; nil where nothing hangs
	server  *server       // whose connections they are; nil for a file
	users   int

	// Of the server, and guarded by its mutex.
	idle  int // connections that are open and not in use, at most
	taken int // idle ones that belong to a reading that has not fetched its own yet
	last  time.Time

	shrinking sync.Mutex
}

// idleAfter is how long a connection is kept without use: longer than most intervals, and short
// enough to give back one that is left over.
const idleAfter = 2 * time.Minute

// openPool returns the pool of a database, without connecting to it.
func openPool(c Config, d dialect.Dialect) (*pool, error) {
	servers.Lock()
	defer servers.Unlock()
	s := servers.byName[d.Server()]
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if at := slices.IndexFunc(s.pools, func(p *pool) bool { return p.config == c }); at >= 0 {
			s.pools[at].users++
			return s.pools[at], nil
		}
	}
	conns, err := d.Open()
	if err != nil {
		return nil, err
	}
	// So that lostorder follows a name that moved to another server.
	conns.SetConnMaxLifetime(recheckAfter)
	p := &pool{config: c, DB: conns, users: 1}
	if d, ok := d.(dialect.Closer); ok {
		p.closing = d.Closing
	}
	if d.Server() == "" { // a file, on a connection of its own
		conns.SetMaxOpenConns(1)
		conns.SetMaxIdleConns(1)
		return p, nil
	}
	if s == nil {
		s = &server{}
		servers.byName[d.Server()] = s
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	conns.SetMaxIdleConns(c.MaxConnections)
	conns.SetConnMaxIdleTime(idleAfter)
	p.server = s
	s.pools = append(s.pools, p)
	return p, nil
}

// lease is a connection that one reading has.
type lease struct {
	*sql.Conn
	pool  *pool
	slow  bool
	began time.Time
	ended <-chan struct{} // closed when the driver has cleaned up a connection that was cut; nil where it does not say
}

// take waits for a turn and returns a connection. Connecting may take as long as the config
// says; waiting does not count.
func (p *pool) take(ctx context.Context, slow bool) (*lease, error) {
	fromIdle := false
	if p.server != nil {
		if err := p.server.wait(ctx, p, slow); err != nil {
			return nil, err
		}
		fromIdle = p.server.makeRoom(p)
	}
	ctx, cancel := context.WithTimeout(ctx, p.config.connectTimeout())
	defer cancel()
	conn, err := p.Conn(ctx)
	if fromIdle {
		p.server.mu.Lock()
		p.taken--
		p.server.mu.Unlock()
	}
	if err != nil {
		if p.server != nil {
			p.server.gone(slow)
		}
		return nil, err
	}
	return &lease{Conn: conn, pool: p, slow: slow, began: time.Now()}, nil
}

// back gives the connection back. After a query that was cut short the connection is closed, and
// counts until the server has ended the query: at its statement timeout at the latest.
func (l *lease) back(cut bool) {
	s := l.pool.server
	if !cut || s == nil {
		_ = l.Close() // gives it back
		if s != nil {
			s.done(l.pool, l.slow)
		}
		return
	}
	_ = l.Raw(func(any) error { return driver.ErrBadConn }) // closes it
	const soon = time.Second / 4
	select {
	case <-l.ended:
		s.gone(l.slow)
	case <-time.After(soon):
		time.AfterFunc(l.pool.config.statementTimeout(), func() { s.gone(l.slow) })
	}
}

// isSlow reports whether the reading held the connection for long.
func (l *lease) isSlow() bool { return time.Since(l.began) > slowAfter }

// shrink closes idle connections that the server no longer counts.
func (p *pool) shrink() {
	p.shrinking.Lock()
	defer p.shrinking.Unlock()
	p.server.mu.Lock()
	keep := p.idle + p.taken
	p.server.mu.Unlock()
	p.SetMaxIdleConns(keep)
	p.SetMaxIdleConns(p.config.MaxConnections)
}

// reopen closes a connection to what is no longer there.
func (p *pool) reopen() {
	p.SetMaxIdleConns(0)
	p.SetMaxIdleConns(1)
}

// leave closes the connections when nothing else reads the database.
func (p *pool) leave() error {
	if s := p.server; s != nil {
		s.mu.Lock()
		p.users--
		last := p.users == 0
		s.mu.Unlock()
		if !last {
			return nil
		}
		// The idle connections count until they are closed.
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.pools = slices.DeleteFunc(s.pools, func(other *pool) bool { return other == p })
			s.serve()
		}()
	}
	if p.closing != nil {
		defer p.closing()()
	}
	return p.Close()
}
