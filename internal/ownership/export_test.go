package ownership

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/kubernetes"
)

// Cluster is a store in memory. Each request takes a while, and members can be cut off.
type Cluster struct {
	Latency func() time.Duration

	mu      sync.Mutex
	leases  map[string]lease
	version int
	down    map[string]bool          // cut off: requests time out
	frozen  map[string]chan struct{} // stopped: nothing of the process runs
}

// NewCluster returns a store without leases.
func NewCluster(latency func() time.Duration) *Cluster {
	return &Cluster{Latency: latency, leases: map[string]lease{}, down: map[string]bool{}, frozen: map[string]chan struct{}{}}
}

// Member returns a member that has not joined yet.
func (c *Cluster) Member(name string, duration time.Duration, log *slog.Logger) *Leases {
	return newLeases(&client{c, name}, name, "http://"+name, duration, log)
}

// Cut cuts members off from the store, and others no longer.
func (c *Cluster) Cut(names ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = map[string]bool{}
	for _, name := range names {
		c.down[name] = true
	}
}

// Freeze stops a member at its next request, until the function that it returns is called.
func (c *Cluster) Freeze(name string) (wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stopped := make(chan struct{})
	c.frozen[name] = stopped
	return func() {
		c.mu.Lock()
		delete(c.frozen, name)
		c.mu.Unlock()
		close(stopped)
	}
}

// Delete removes a lease, as an operator does.
func (c *Cluster) Delete(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.leases, name)
}

// Names are those of the leases.
func (c *Cluster) Names() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.leases {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type client struct {
	*Cluster
	name string
}

// do runs one request: on its way there it may be lost, and on its way back it takes a while.
func (c *client) do(ctx context.Context, request func() error) error {
	c.mu.Lock()
	frozen := c.frozen[c.name]
	c.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	time.Sleep(c.Latency())
	c.mu.Lock()
	down := c.down[c.name]
	if down {
		c.mu.Unlock()
		<-ctx.Done()
		return ctx.Err()
	}
	err := request()
	c.mu.Unlock()
	time.Sleep(c.Latency())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (c *client) put(l lease) string {
	c.version++
	l.version = strconv.Itoa(c.version)
	c.leases[l.name] = l
	return l.version
}

func (c *client) create(ctx context.Context, l lease) (version string, err error) {
	err = c.do(ctx, func() error {
		if _, exists := c.leases[l.name]; exists {
			return kubernetes.ErrConflict
		}
		version = c.put(l)
		return nil
	})
	return version, err
}

func (c *client) update(ctx context.Context, l lease) (version string, err error) {
	err = c.do(ctx, func() error {
		old, exists := c.leases[l.name]
		switch {
		case !exists:
			return kubernetes.ErrMissing
		case old.version != l.version:
			return kubernetes.ErrConflict
		}
		version = c.put(l)
		return nil
	})
	return version, err
}

func (c *client) list(ctx context.Context) (all []lease, err error) {
	err = c.do(ctx, func() error {
		for _, l := range c.leases {
			all = append(all, l)
		}
		return nil
	})
	return all, err
}

func (c *client) remove(ctx context.Context, l lease) error {
	return c.do(ctx, func() error {
		if l.version == "" || c.leases[l.name].version == l.version {
			delete(c.leases, l.name)
		}
		return nil
	})
}

// Owners are the members among which a view divides targets.
func (v *View) Owners() []string { return v.owners }

// NewShortLeases is NewLeases for leases that are too short for anything but a test.
func NewShortLeases(o Options) (*Leases, error) { return newLeasesOf(o) }
