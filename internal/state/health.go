package state

import (
	"maps"
	"time"

	"github.com/lostorder/lostorder/internal/watch"
)

// Health is how the memory does. A nil Health: nothing is to survive a restart.
type Health struct {
	Err       error // why nothing can be written now; nil when all is well
	LastWrite time.Time
	Failures  int64
	Bytes     int64 // on disk
	Dropped   map[watch.Reason]int64
}

// Health returns how the memory does.
func (k *Keeper) Health() *Health {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.health
	h.Dropped = maps.Clone(h.Dropped)
	return &h
}

// Dropped counts a part of the memory that was of no use.
func (k *Keeper) Dropped(r watch.Reason) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.health.Dropped[r]++
}

// failed notes an error, and reports whether it is news.
func (k *Keeper) failed(err error) (news bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	news = k.health.Err == nil || k.health.Err.Error() != err.Error()
	k.health.Err = err
	k.health.Failures++
	return news
}

// succeeded notes a write, and reports whether one had failed before.
func (k *Keeper) succeeded(at time.Time, bytes int64) (again bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	again = k.health.Err != nil
	k.health.Err, k.health.LastWrite, k.health.Bytes = nil, at, bytes
	return again
}
