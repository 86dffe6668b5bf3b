package watch

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Watch takes reports and gives out snapshots. It is safe for concurrent use.
type Watch struct {
	now      func() time.Time
	log      *slog.Logger
	onChange func(detect.Change)

	announcing sync.Mutex // is locked first, and keeps changes in their order
	deciding   sync.Mutex // is locked before mu by what changes the detector, or encodes it

	mu       sync.Mutex
	detector *detect.Detector
	targets  map[signal.TargetID]*Target
	version  uint64
	known    acknowledgements

	keeper      Keeper                           // nil: nothing survives a restart
	pending     []detect.Change                  // not yet announced
	before      map[signal.TargetID]TargetMemory // from before the restart, of targets whose identity is not read since
	read        map[signal.TargetID]TargetMemory // of targets that were read
	dirty       map[signal.TargetID]bool         // those that were read since Remember was called
	unconfirmed map[signal.TargetID]bool         // those with unconfirmed findings
	closed      []signal.Finding                 // the latest first; shared with snapshots, never changed

	// clean is the snapshot of the present version, nil when something changed since.
	clean atomic.Pointer[Snapshot]
}

// New returns a Watch without reports. onChange is called for every finding that opens,
// grows or closes, one at a time, and must not call back. It may be nil.
func New(now func() time.Time, log *slog.Logger, onChange func(detect.Change)) *Watch {
	if onChange == nil {
		onChange = func(detect.Change) {}
	}
	return &Watch{
		now: now, log: log, onChange: onChange, detector: detect.New(), targets: map[signal.TargetID]*Target{},
		before: map[signal.TargetID]TargetMemory{}, read: map[signal.TargetID]TargetMemory{}, dirty: map[signal.TargetID]bool{}, unconfirmed: map[signal.TargetID]bool{},
	}
}

// Expect makes targets known before their first reading, with the labels that the config
// gives them, so that readiness waits for them.
func (w *Watch) Expect(targets []collectors.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range targets {
		known := w.target(t.ID)
		known.Labels, known.QueueLabels = t.Labels, t.QueueLabels
	}
	w.changed()
}

// Report takes one reading and decides on it.
func (w *Watch) Report(r signal.Report) {
	w.announcing.Lock()
	defer w.announcing.Unlock()
	for _, c := range w.take(r) {
		w.announce(c)
	}
}

// take takes one reading and returns the changes to announce. Announcing thousands takes
// long, and a scrape must not wait for it.
func (w *Watch) take(r signal.Report) []detect.Change {
	w.deciding.Lock()
	defer w.deciding.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.target(r.TargetID)
	r.Labels = t.Labels
	t.Interval, t.Err, t.Attempt, t.Took = r.Interval, r.Err, r.At, r.Duration
	t.Up = r.Complete() || !r.Empty()
	if r.Complete() {
		t.Success = r.At
	}
	if t.Up {
		t.Reading = &r
		if t.Watched.IsZero() {
			t.Watched = r.At
		}
	}
	changes := w.checkIdentity(&r)
	changes = append(changes, w.detector.Observe(&r)...)
	w.noteOutdated()
	w.confirm(&r)
	w.reviewAcknowledgements()
	w.changed()
	return w.record(changes)
}

// Forget drops a target that is no longer watched, with its findings.
func (w *Watch) Forget(id signal.TargetID) {
	w.announcing.Lock()
	defer w.announcing.Unlock()
	for _, c := range w.drop(id) {
		w.announce(c)
	}
}

// Release drops a target that another replica reads from now on. Its findings stay open there,
// so that nothing is announced. It returns what was known of it.
func (w *Watch) Release(id signal.TargetID) (open []signal.Finding) {
	w.deciding.Lock()
	defer w.deciding.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.detector.Open() {
		if f.Target == id {
			open = append(open, f)
		}
	}
	w.detector.Forget(id, signal.InstantOf(w.now()))
	delete(w.targets, id)
	delete(w.before, id)
	delete(w.read, id)
	delete(w.unconfirmed, id)
	w.changed()
	if w.keeper != nil {
		w.keeper.Changed()
	}
	return open
}

func (w *Watch) drop(id signal.TargetID) []detect.Change {
	w.deciding.Lock()
	defer w.deciding.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.targets, id)
	delete(w.before, id)
	delete(w.read, id)
	delete(w.unconfirmed, id)
	if w.keeper != nil {
		w.log.Info("a target is no longer in the config; its findings close, and its memory is dropped after a day; if it was renamed, it starts without memory under its new name", "collector", id.Collector, "target", id.Target)
	}
	w.changed()
	return w.record(w.detector.Forget(id, signal.InstantOf(w.now())))
}

// Snapshot returns the current snapshot. It never waits for a target, nor for the memory
// to be written. Between two changes it returns the same snapshot.
func (w *Watch) Snapshot() *Snapshot {
	if s := w.clean.Load(); s != nil && !w.outlived(s) {
		return s
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.clean.Load(); s != nil {
		if !w.outlived(s) {
			return s
		}
		w.version++
	}
	s := &Snapshot{
		Version:  w.version,
		Ready:    true,
		Targets:  make([]Target, 0, len(w.targets)),
		Open:     w.detector.Open(),
		Closed:   w.closed,
		Expiries: w.detector.Expiries(),
		Counters: w.detector.Counters(),
	}
	now := w.now()
	s.Acknowledgements = w.covered(now)
	for _, t := range w.targets {
		if t.Reading != nil && collectors.Expired(t.Reading, now) {
			t.Reading = nil
		}
		if t.Attempt.IsZero() {
			s.Ready = false
		}
		s.Targets = append(s.Targets, *t)
	}
	slices.SortFunc(s.Targets, func(a, b Target) int {
		return cmp.Or(cmp.Compare(a.ID.Collector, b.ID.Collector), cmp.Compare(a.ID.Target, b.ID.Target))
	})
	w.clean.Store(s)
	return s
}

// outlived reports whether a reading in the snapshot has become too old since it was
// made.
func (w *Watch) outlived(s *Snapshot) bool {
	now := w.now()
	if slices.ContainsFunc(s.Acknowledgements, func(a Acknowledgement) bool { return !a.Expired && !now.Before(a.Until) }) {
		return true
	}
	return slices.ContainsFunc(s.Targets, func(t Target) bool {
		return t.Reading != nil && collectors.Expired(t.Reading, now)
	})
}

func (w *Watch) target(id signal.TargetID) *Target {
	t, known := w.targets[id]
	if !known {
		t = &Target{ID: id}
		w.targets[id] = t
	}
	return t
}

func (w *Watch) changed() {
	w.version++
	w.clean.Store(nil)
}
