package notify

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// mostClosed bounds the findings that closed and wait to be delivered.
const mostClosed = 10_000

// unseenFor is how long lostorder reads a target before it calls a finding closed that a
// receiver knows from before a restart and that was neither restored nor found again.
const unseenFor = 15 * time.Minute

// sent is what a receiver took last about an open alert.
type sent struct {
	At       time.Time       `json:"at"`
	Count    int64           `json:"count"`
	Severity signal.Severity `json:"severity"`
	Detected time.Time       `json:"detected"`
}

// entry is one alert in a book.
type entry struct {
	Alert  alert `json:"alert"`
	Known  *sent `json:"known,omitempty"` // nil: the receiver knows nothing of it
	Unseen bool  `json:"-"`               // from before a restart, and neither open nor closed since
}

// book is what one receiver knows and what it has to be sent. It is safe for concurrent use.
type book struct {
	mu      sync.Mutex
	entries map[string]*entry
	closed  int // entries that are closed
	begun   time.Time
	resend  time.Duration // after how long an open alert is sent again; 0: never
	wants   func(signal.Severity) bool
	changed func() // something must be kept on disk; it does not block
	dropped func(id string)
}

// restore takes what the book held before a restart. Nothing of it is due until the alert
// is seen again, or known to have closed.
func (b *book) restore(entries []*entry) {
	for _, e := range entries {
		e.Unseen = e.Alert.open()
		b.entries[e.Alert.ID] = e
		if !e.Unseen {
			b.closed++
		}
	}
}

// resume takes an open alert that another replica has sent.
func (b *book) resume(a *alert, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries[a.ID] == nil {
		b.entries[a.ID] = &entry{Alert: *a, Known: &sent{At: now, Count: a.Count, Severity: a.Severity, Detected: a.Detected}}
		b.changed()
	}
}

// release drops the open alerts of a target: another replica sends them.
func (b *book) release(target string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, e := range b.entries {
		if e.Alert.open() && e.Alert.Target == target {
			delete(b.entries, id)
		}
	}
	b.changed()
}

// put notes the state of an alert.
func (b *book) put(a *alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set(a)
}

func (b *book) set(a *alert) {
	e := b.entries[a.ID]
	switch {
	case e == nil && !a.open():
		return // all that had to be sent about it was sent
	case e == nil:
		e = &entry{}
		b.entries[a.ID] = e
	case !e.Alert.open():
		b.closed--
	}
	if e.Unseen && a.open() && e.Known != nil {
		e.Known.Detected = a.Detected // the same case, found again after a restart
	}
	e.Alert, e.Unseen = *a, false
	switch {
	case a.open():
	case e.Known == nil && (!b.wants(a.Severity) || a.CausedBy != ""):
		delete(b.entries, a.ID)
	case b.closed >= mostClosed:
		delete(b.entries, a.ID)
		b.dropped(a.ID)
	default:
		b.closed++
	}
	b.changed()
}

// refresh takes the present state of open alerts, and ends the wait for those that were
// not seen since a restart.
func (b *book) refresh(open []alert, known *watch.Snapshot, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range open {
		a := &open[i]
		// Only growth is taken here. What opened or closed comes through put.
		if e := b.entries[a.ID]; e != nil && e.Alert.open() && (e.Unseen || e.Alert.Detected.Equal(a.Detected)) &&
			(e.Unseen || e.Alert.Count != a.Count || e.Alert.Severity != a.Severity || e.Alert.Summary != a.Summary || !slices.Equal(e.Alert.AtStake.Amounts, a.AtStake.Amounts) ||
				e.Alert.CausedBy != a.CausedBy || !slices.Equal(e.Alert.Explains, a.Explains)) {
			b.set(a)
		}
	}
	for _, e := range b.entries {
		if e.Unseen && b.isOver(&e.Alert, known, now) {
			gone := e.Alert
			gone.Closed = now
			for i := range known.Closed {
				if f := &known.Closed[i]; f.ID == gone.ID && !f.ClosedAt.Before(gone.Detected) {
					gone.Closed = f.ClosedAt
					break
				}
			}
			b.set(&gone)
		}
	}
}

// isOver reports whether an alert from before a restart no longer holds. A target that cannot
// be read proves nothing.
func (b *book) isOver(a *alert, known *watch.Snapshot, now time.Time) bool {
	for i := range known.Closed {
		if f := &known.Closed[i]; f.ID == a.ID && !f.ClosedAt.Before(a.Detected) {
			return true
		}
	}
	for i := range known.Targets {
		if t := &known.Targets[i]; t.ID.String() == a.Target {
			return now.Sub(b.begun) >= unseenFor && t.Err == nil && t.Up && !t.Stale(now)
		}
	}
	return true // it is no longer watched
}

// due returns what has to be sent now: the most severe first, then the oldest.
func (b *book) due(now time.Time) (all []notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if why := b.reasonFor(e, now); why != "" {
			n := notice{alert: e.Alert, why: why}
			if e.Known != nil {
				n.known, n.before, n.last = true, e.Known.Count, e.Known.At
			}
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b notice) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (b *book) reasonFor(e *entry, now time.Time) reason {
	a, k := &e.Alert, e.Known
	switch {
	case e.Unseen:
		return ""
	case !a.open():
		return closed
	case k == nil && !b.wants(a.Severity):
		return ""
	case k == nil || !k.Detected.Equal(a.Detected):
		if a.CausedBy != "" {
			return "" // its cause is sent, and this one once it has none
		}
		return opened
	case a.CausedBy == "" && a.Severity.Rank() < k.Severity.Rank() && b.wants(a.Severity):
		return worse
	case a.CausedBy == "" && detect.Grew(k.Count, a.Count):
		return grew
	case b.resend > 0 && now.Sub(k.At) >= b.resend:
		return repeated
	}
	return ""
}

// pending is how many alerts have to be sent.
func (b *book) pending(now time.Time) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if b.reasonFor(e, now) != "" {
			n++
		}
	}
	return n
}

// took notes that the receiver took notices, or that they will never be taken.
func (b *book) took(notices []notice, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range notices {
		n := &notices[i]
		e := b.entries[n.ID]
		switch {
		case e == nil:
		case n.open():
			e.Known = &sent{At: at, Count: n.Count, Severity: n.Severity, Detected: n.Detected}
		case !e.Alert.open():
			delete(b.entries, n.ID)
			b.closed--
		default:
			e.Known = nil // it opened again meanwhile
		}
	}
	if len(notices) > 0 {
		b.changed()
	}
}

// all returns a copy of what the book holds.
func (b *book) all() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]entry, 0, len(b.entries))
	for _, e := range b.entries {
		c := *e
		if e.Known != nil {
			k := *e.Known
			c.Known = &k
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.Alert.ID, b.Alert.ID) })
	return all
}
