package database

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// pool has the connections to one database. All that read it share one of them;
// there is another for as long as one read holds it longer than the next can wait.
type pool struct {
	config Config
	*sql.DB
	closing func() func() // begins to cut what hangs, as [postgres.closing] does; nil where nothing hangs
	turn    chan struct{} // full while the connection is in use; nil where each has its own
	users   int
}

// patience is how long a read waits for the connection that another has. Reads
// take milliseconds: one that takes longer may hang, and must not delay the others.
const patience = time.Second / 4

// idleAfter is how long a connection is kept without use: longer than most
// intervals, and short enough for one that is left over to be given back.
const idleAfter = 2 * time.Minute

// pools are those in use: targets know nothing of each other, only of their database.
var pools struct {
	sync.Mutex
	open []*pool
}

// openPool returns the pool of a database, without connecting to it.
func openPool(c Config, d dialect.Dialect) (*pool, error) {
	own := d.Server() == "" // there is no server to spare
	pools.Lock()
	defer pools.Unlock()
	if at := slices.IndexFunc(pools.open, func(p *pool) bool { return p.config == c }); at >= 0 && !own {
		pools.open[at].users++
		return pools.open[at], nil
	}
	conns, err := d.Open()
	if err != nil {
		return nil, err
	}
	// So that a name that moved to another server is followed one day.
	conns.SetConnMaxLifetime(recheckAfter)
	p := &pool{config: c, DB: conns, users: 1}
	if d, ok := d.(dialect.Closer); ok {
		p.closing = d.Closing
	}
	if own {
		conns.SetMaxOpenConns(1)
		conns.SetMaxIdleConns(1)
		return p, nil
	}
	// Of many idle ones database/sql takes the one that was used last, so that only
	// as many stay as are needed.
	const many = 64
	conns.SetMaxIdleConns(many)
	conns.SetConnMaxIdleTime(idleAfter)
	p.turn = make(chan struct{}, 1)
	pools.open = append(pools.open, p)
	return p, nil
}

// take returns a connection, and what gives it back.
func (p *pool) take(ctx context.Context) (*sql.Conn, func(), error) {
	over := func() {}
	if p.turn != nil {
		enough := time.NewTimer(patience)
		defer enough.Stop()
		select {
		case p.turn <- struct{}{}:
			over = func() { <-p.turn }
		case <-enough.C:
		case <-ctx.Done(): // which Conn says
		}
	}
	conn, err := p.Conn(ctx)
	if err != nil {
		over()
		return nil, nil, err
	}
	return conn, func() {
		_ = conn.Close() // gives it back
		over()
	}, nil
}

// reopen closes a connection to what is no longer there.
func (p *pool) reopen() {
	p.SetMaxIdleConns(0)
	p.SetMaxIdleConns(1)
}

// leave closes the connections when nobody else reads the database.
func (p *pool) leave() error {
	pools.Lock()
	p.users--
	last := p.users == 0
	if last {
		pools.open = slices.DeleteFunc(pools.open, func(other *pool) bool { return other == p })
	}
	pools.Unlock()
	if !last {
		return nil
	}
	if p.closing != nil {
		defer p.closing()()
	}
	return p.Close()
}
