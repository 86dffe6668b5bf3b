package ownership

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/kubernetes"
)

// store keeps the leases of all members.
type store interface {
	// create fails with kubernetes.ErrConflict if there is a lease of that name.
	create(ctx context.Context, l lease) (version string, err error)
	// update fails with kubernetes.ErrConflict if the lease has another version, and with kubernetes.ErrMissing.
	update(ctx context.Context, l lease) (version string, err error)
	list(ctx context.Context) ([]lease, error)
	// remove does nothing if the lease has another version than the one that is named.
	remove(ctx context.Context, l lease) error
}

// Leases are members that each hold a Lease of Kubernetes.
type Leases struct {
	store store
	log   *slog.Logger
	self  string
	url   string

	mu     sync.Mutex
	roster *roster

	// Only Run uses what follows.
	mine    lease
	taken   bool // there was a lease of this name
	failing bool
	reading bool
}

func newLeases(s store, self, url string, duration time.Duration, log *slog.Logger) *Leases {
	return &Leases{
		store: s, log: log, self: self, url: url, roster: newRoster(self, duration),
		mine: lease{name: self, url: url, duration: duration},
	}
}

// View returns the members of this moment.
func (l *Leases) View() *View {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.roster.view(time.Now())
}

// Run holds a lease until ctx ends. Leave gives it up.
func (l *Leases) Run(ctx context.Context) {
	duration := l.mine.duration
	for ctx.Err() == nil {
		wait := duration / 3
		if err := l.renew(ctx); err != nil && ctx.Err() == nil {
			wait = duration / 10
			if !l.failing {
				l.log.Warn("lostorder cannot renew its lease; it reads nothing once the lease expires, and tries again", "member", l.self, "err", err)
			}
			l.failing = true
		} else if l.failing && ctx.Err() == nil {
			l.failing = false
			l.log.Info("the lease is renewed again", "member", l.self)
		}
		l.note()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// note logs that this member begins or ends to read.
func (l *Leases) note() {
	v := l.View()
	if v.Active != l.reading {
		l.log.Info("membership changed", "member", l.self, "reads", v.Active, "others", len(v.Others))
	}
	l.reading = v.Active
}

// Leave gives up the lease, so that the others need not wait until it expires. It comes
// after the last reading, and after Run.
func (l *Leases) Leave(ctx context.Context) {
	l.mu.Lock()
	l.roster.leave()
	l.mu.Unlock()
	if l.mine.version == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.mine.duration/3)
	defer cancel()
	l.mine.version = "" // a renewal that was interrupted may have changed it
	if err := l.store.remove(ctx, l.mine); err != nil {
		l.log.Warn("the lease is not deleted; the others take over once it expires", "member", l.self, "err", err)
	}
}

// renew renews the lease, or joins, and reads what the others hold.
func (l *Leases) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.mine.duration/3) // of both requests
	defer cancel()
	l.mu.Lock()
	member := l.roster.member(time.Now())
	l.mu.Unlock()
	if !member {
		l.mine.session = rand.Text()
	}
	sent := time.Now()
	l.mine.stamp = sent.UTC().Format(microTime)
	if err := l.write(ctx); err != nil {
		return fmt.Errorf("write the lease %s: %w", l.self, err)
	}
	l.mu.Lock()
	if member {
		l.roster.renew(sent, time.Now())
	} else {
		l.roster.join(sent, time.Now(), l.taken)
		l.taken = false
	}
	l.mu.Unlock()
	return l.read(ctx)
}

// write creates or updates the lease.
func (l *Leases) write(ctx context.Context) (err error) {
	var version string
	if l.mine.version == "" {
		version, err = l.store.create(ctx, l.mine)
	} else {
		version, err = l.store.update(ctx, l.mine)
	}
	switch {
	case errors.Is(err, kubernetes.ErrMissing), errors.Is(err, kubernetes.ErrConflict):
		// An operator has deleted it, or the process had this name before a restart. The others
		// may have taken over, so it joins again.
		l.mu.Lock()
		l.roster.leave()
		l.mu.Unlock()
		l.mine.version = ""
		if errors.Is(err, kubernetes.ErrConflict) {
			return errors.Join(err, l.adopt(ctx))
		}
		return err
	case err != nil:
		return err
	}
	l.mine.version = version
	return nil
}

// adopt finds the version of a lease that has the name of this member.
func (l *Leases) adopt(ctx context.Context) error {
	leases, err := l.store.list(ctx)
	if err != nil {
		return err
	}
	for _, other := range leases {
		if other.name == l.self {
			l.mine.version, l.taken = other.version, true
		}
	}
	return nil
}

// read takes the leases of all.
func (l *Leases) read(ctx context.Context) error {
	sent := time.Now()
	leases, err := l.store.list(ctx)
	if err != nil {
		return fmt.Errorf("list the leases: %w", err)
	}
	l.mu.Lock()
	l.roster.list(sent, time.Now(), leases)
	abandoned := l.roster.abandoned()
	l.mu.Unlock()
	for _, dead := range abandoned {
		if err := l.store.remove(ctx, dead); err != nil {
			l.log.Debug("delete an abandoned lease", "lease", dead.name, "err", err)
		}
	}
	return nil
}
