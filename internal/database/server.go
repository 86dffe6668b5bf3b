package database

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/turn"
)

// server hands out the few connections that all databases on one server share. It counts a
// connection until the server knows that it is gone.
type server struct {
	mu      sync.Mutex
	pools   []*pool
	used    int // connections in use, being opened or closed, or not known to be gone
	slow    int // those of them that slow readers have
	waiting []*waiter
}

// waiter is a reading that waits for its turn.
type waiter struct {
	pool  *pool
	slow  bool
	since time.Time
	turn  chan struct{} // closed when the reading may have a connection
}

const (
	// leastIdle is how many connections to a server stay open between readings, unless half its
	// limit is more.
	leastIdle = 2
	// slowAfter is how long a reading holds a connection until its target counts as slow.
	slowAfter = time.Second
	// yields is how long the first in the queue lets others pass that find a connection to their
	// database open: to connect again costs the server more than most readings.
	yields = time.Second
)

// servers are those in use, by their addresses.
var servers = struct {
	sync.Mutex
	byName map[string]*server
}{byName: map[string]*server{}}

// limit is how many connections the server may have: the least that one of its databases allows.
func (s *server) limit() int {
	limit := 0
	for _, p := range s.pools {
		if most := p.config.MaxConnections; limit == 0 || most < limit {
			limit = most
		}
	}
	return max(limit, 1)
}

// slowLimit is how many connections slow readers may have at once: targets that hang may
// take no more than half, so that the others keep their turns.
func (s *server) slowLimit() int { return max(s.limit()/2, 1) }

// idle is how many connections are open and not in use, at most.
func (s *server) idle() (n int) {
	for _, p := range s.pools {
		n += p.idle
	}
	return n
}

// wait returns when it is the turn of a reading. It counts as a used connection then, until done
// or gone is called.
func (s *server) wait(ctx context.Context, p *pool, slow bool) error {
	w := &waiter{pool: p, slow: slow, since: time.Now(), turn: make(chan struct{})}
	s.mu.Lock()
	s.waiting = append(s.waiting, w)
	s.serve()
	s.mu.Unlock()
	select {
	case <-w.turn:
		return nil
	default:
	}
	defer turn.Waiting(ctx)()
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := slices.Index(s.waiting, w); at >= 0 {
		s.waiting = slices.Delete(s.waiting, at, at+1)
	} else { // its turn came just now
		s.leave(slow)
	}
	return ctx.Err()
}

// serve gives turns to those that wait.
func (s *server) serve() {
	for s.used < s.limit() {
		next := s.next()
		if next < 0 {
			return
		}
		w := s.waiting[next]
		s.waiting = slices.Delete(s.waiting, next, next+1)
		s.used++
		if w.slow {
			s.slow++
		}
		close(w.turn)
	}
}

// next is the place in the queue of the reading whose turn it is, and below zero when there is
// none: first come, first served, except that a slow reading keeps its place while others pass
// it, and that a reading whose database has an open connection may pass others for a moment.
func (s *server) next() int {
	full := s.slow >= s.slowLimit()
	ready := func(w *waiter) bool { return !w.slow || !full }
	first := slices.IndexFunc(s.waiting, ready)
	if first < 0 || time.Since(s.waiting[first].since) > yields {
		return first
	}
	if open := slices.IndexFunc(s.waiting, func(w *waiter) bool { return ready(w) && w.pool.idle > 0 }); open >= 0 {
		return open
	}
	return first
}

// leave ends the use of a connection.
func (s *server) leave(slow bool) {
	s.used--
	if slow {
		s.slow--
	}
	s.serve()
}

// makeRoom takes an idle connection of a pool and returns true, or closes one of another where a new one would
// be one too many. The turn of the caller stands for the one that is being closed.
func (s *server) makeRoom(p *pool) (fromIdle bool) {
	for {
		s.mu.Lock()
		if p.idle > 0 {
			p.idle--
			p.taken++
			s.mu.Unlock()
			return true
		}
		var victim *pool
		if s.used+s.idle() > s.limit() {
			victim = s.evict()
		}
		s.mu.Unlock()
		if victim == nil {
			return false
		}
		victim.shrink()
	}
}

// evict forgets an idle connection of the pool that was not used for the longest time, which
// shrink then closes; nil where there is none.
func (s *server) evict() (oldest *pool) {
	for _, p := range s.pools {
		if p.idle > 0 && (oldest == nil || p.last.Before(oldest.last)) {
			oldest = p
		}
	}
	if oldest != nil {
		oldest.idle--
	}
	return oldest
}

// done gives a connection back that its pool keeps open.
func (s *server) done(p *pool, slow bool) {
	s.mu.Lock()
	p.last = time.Now()
	p.idle++
	var victim *pool
	if s.idle() > max(leastIdle, s.limit()/2) || s.used+s.idle() > s.limit()+1 {
		victim = s.evict()
	}
	if victim == nil {
		s.leave(slow)
	}
	s.mu.Unlock()
	if victim == nil {
		return
	}
	victim.shrink()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(slow)
}

// gone notes that a connection is closed.
func (s *server) gone(slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(slow)
}
