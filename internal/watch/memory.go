package watch

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/phrase"
	"github.com/lostorder/lostorder/internal/signal"
)

// How long closed findings are remembered, and how many at most.
const (
	HistoryFor = 30 * 24 * time.Hour
	historyMax = 1000
)

// Memory is what must survive a restart.
type Memory struct {
	At      time.Time
	Targets []TargetMemory
	Open    []detect.OpenFinding
	Closed  []signal.Finding // the latest first
}

// TargetMemory is what must survive of one target.
type TargetMemory struct {
	ID       signal.TargetID
	Identity string    // what the target last reported as its identity; empty if it has none
	At       time.Time // of its last reading; zero if it has not been read
	// Detected is what the decisions remember, on the way from the disk; nil if there is
	// nothing.
	Detected *detect.Memory
}

// Keeper keeps the memory. Its methods must not block.
type Keeper interface {
	Changed()         // there is something to write
	Dropped(r Reason) // a part of the memory was of no use
}

// Reason is why a part of the memory was dropped.
type Reason string

// The reasons.
const (
	DroppedCorrupt  Reason = "corrupt"       // it cannot be read
	DroppedVersion  Reason = "newer_version" // a newer lostorder wrote it
	DroppedIdentity Reason = "other_target"  // another target has replaced the one that it is about
	DroppedClock    Reason = "clock"         // it comes from the future
	DroppedPrivacy  Reason = "privacy"       // it names orders in another way than the config allows now
	DroppedRemoved  Reason = "removed"       // its target has not been in the config for a day
)

// Reasons returns all reasons.
func Reasons() []Reason {
	return []Reason{DroppedCorrupt, DroppedVersion, DroppedIdentity, DroppedClock, DroppedPrivacy, DroppedRemoved}
}

// Keep makes the Watch announce what opens and closes only after the keeper has written it.
func (w *Watch) Keep(k Keeper) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.keeper = k
}

// Restore takes what was known before a restart. Findings are open again at once, and
// unconfirmed until their target is read. It comes before the first report.
func (w *Watch) Restore(m Memory) {
	w.Resume(m)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = slices.Clone(m.Closed)
	w.changed()
}

// Resume takes what was known of targets before this process began to read them: before a
// restart, or by the replica that read them until now. It comes before they are expected.
func (w *Watch) Resume(m Memory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.detector.RestoreFindings(m.Open)
	for i := range m.Open {
		f := &m.Open[i].Finding
		w.unconfirmed[f.Target] = true
		w.log.Info("finding restored", findingAttrs(f)...)
	}
	for _, t := range m.Targets {
		if t.Detected != nil {
			if err := w.detector.Restore(t.Detected); err != nil {
				w.log.Warn("what the decisions remember of a target is of no use and dropped", "err", err)
				w.countDropped(DroppedVersion)
			}
		}
		t.Detected = nil
		w.before[t.ID] = t
	}
	w.changed()
}

// RestoreClosed adds findings that closed before to the history.
func (w *Watch) RestoreClosed(history []signal.Finding) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[string]bool{}
	for i := range w.closed {
		known[w.closed[i].ID+w.closed[i].ClosedAt.String()] = true
	}
	all := slices.Clone(w.closed)
	for i := range history {
		if !known[history[i].ID+history[i].ClosedAt.String()] {
			all = append(all, history[i])
		}
	}
	slices.SortStableFunc(all, func(a, b signal.Finding) int { return b.ClosedAt.Compare(a.ClosedAt) })
	w.closed = all[:min(len(all), historyMax)]
	w.changed()
}

// Remember returns what must survive a restart now, and what announces the changes that
// it includes. It calls each for what the decisions remember of every target that was read
// since the last call, or of all targets; each encodes it, and keeps nothing of it. That
// takes a while for many partitions: reports wait for it, and scrapes do not.
func (w *Watch) Remember(all bool, each func(*detect.Memory)) (m Memory, announce func()) {
	w.deciding.Lock()
	defer w.deciding.Unlock()
	m, announce, targets := w.remember(all)
	for _, id := range targets {
		if detected, ok := w.detector.Snapshot(id); ok {
			each(detected)
		}
	}
	return m, announce
}

// remember returns what Remember does, and the targets whose memory is to be encoded.
func (w *Watch) remember(all bool) (m Memory, announce func(), targets []signal.TargetID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.detector.Targets() {
		if all || w.dirty[id] {
			targets = append(targets, id)
		}
	}
	clear(w.dirty)
	m = Memory{At: w.now(), Open: w.detector.OpenFindings(), Closed: w.closed}
	for id := range w.targets {
		t, known := w.read[id]
		if !known {
			t = w.before[id]
		}
		t.ID = id
		m.Targets = append(m.Targets, t)
	}
	pending := w.pending
	w.pending = nil
	return m, func() {
		for _, c := range pending {
			w.announce(c)
		}
	}, targets
}

// checkIdentity compares a reading of a target with what is known of it, also from before a restart.
// It is called before the detector observes the report.
func (w *Watch) checkIdentity(r *signal.Report) (changes []detect.Change) {
	if r.Empty() && !r.Complete() {
		return nil
	}
	if r.Rewound {
		w.log.Warn("the target has fewer writes than at the last reading, because a backup was restored or a replica that was behind was promoted; what depends on them is forgotten",
			"collector", r.Collector, "target", r.Target, "identity", r.Identity)
		w.countDropped(DroppedIdentity)
	}
	before := cmp.Or(w.read[r.TargetID].Identity, w.before[r.TargetID].Identity)
	w.dirty[r.TargetID] = true
	w.read[r.TargetID] = TargetMemory{ID: r.TargetID, Identity: cmp.Or(r.Identity, before), At: r.At}
	if r.Identity == "" {
		return nil
	}
	delete(w.before, r.TargetID)
	if before == "" || before == r.Identity {
		return nil
	}
	w.log.Warn("another target has taken the place of the one that is remembered; its memory is dropped", "collector", r.Collector, "target", r.Target,
		"identity_before", before, "identity", r.Identity)
	w.countDropped(DroppedIdentity)
	return w.detector.Forget(r.TargetID, signal.InstantOf(r.At))
}

// noteOutdated logs of what the memory was dropped, because the reading is about another.
func (w *Watch) noteOutdated() {
	for _, o := range w.detector.Outdated() {
		switch o.Cause {
		case detect.Recreated:
			w.log.Warn("a topic was deleted and created again; what was remembered of its offsets is dropped", "collector", o.Target.Collector, "target", o.Target.Target, "topic", o.Name)
			w.countDropped(DroppedIdentity)
		case detect.Restarted:
			w.log.Info("a node has restarted; what was remembered of its counters is dropped", "collector", o.Target.Collector, "target", o.Target.Target, "node", o.Name)
		}
	}
}

func (w *Watch) countDropped(r Reason) {
	if w.keeper != nil {
		w.keeper.Dropped(r)
	}
}

// confirm ends that restored findings are unconfirmed, where the report shows their subject.
func (w *Watch) confirm(r *signal.Report) {
	if w.unconfirmed[r.TargetID] && w.detector.Confirm(r.TargetID, signal.InstantOf(r.At)) == 0 {
		delete(w.unconfirmed, r.TargetID)
	}
}

// record takes changes into the history, and returns those to announce now: with a keeper
// they are announced once they are written.
func (w *Watch) record(changes []detect.Change) (announce []detect.Change) {
	for i := range changes {
		if changes[i].Kind == detect.Closed {
			changes[i].Finding.Unconfirmed = false
		}
	}
	w.closed = withClosed(w.closed, changes, w.now())
	if w.keeper == nil {
		return changes
	}
	w.pending = append(w.pending, changes...)
	w.keeper.Changed()
	return nil
}

// withClosed returns a new history that begins with the findings that closed, the latest
// first: snapshots share the old one.
func withClosed(history []signal.Finding, changes []detect.Change, now time.Time) []signal.Finding {
	recent := make([]signal.Finding, 0, min(len(changes), historyMax))
	for _, c := range slices.Backward(changes) {
		if c.Kind == detect.Closed && len(recent) < historyMax {
			recent = append(recent, c.Finding)
		}
	}
	if len(recent) == 0 {
		return history
	}
	for i := range history {
		if len(recent) < historyMax && now.Sub(history[i].ClosedAt) < HistoryFor {
			recent = append(recent, history[i])
		}
	}
	return recent
}

// findingAttrs are those of the log line about a finding.
func findingAttrs(f *signal.Finding) []any {
	attrs := []any{
		"summary", f.Summary, "mode", f.Mode, "severity", f.Severity, "subject", f.Subject.String(), "count", f.Count,
		"since", f.Since, "finding", f.ID, "order_ids", f.OrderIDs, "trace_id", f.TraceID,
	}
	if f.CausedBy != "" {
		attrs = append(attrs, "caused_by", f.CausedBy)
	}
	if len(f.Symptoms) > 0 {
		attrs = append(attrs, "symptoms", f.Symptoms)
	}
	if len(f.AtStake.Amounts) > 0 {
		attrs = append(attrs, "at_stake", phrase.Stake(f.AtStake))
	}
	for _, name := range f.Labels.Names() {
		attrs = append(attrs, "label_"+name, f.Labels[name])
	}
	return attrs
}

// announce logs a finding that opened, grew or closed as one line and passes it on.
func (w *Watch) announce(c detect.Change) {
	f := &c.Finding
	attrs := findingAttrs(f)
	switch c.Kind {
	case detect.Opened:
		for _, e := range f.Evidence {
			attrs = append(attrs, slog.Any("evidence_"+e.Key(), e.Value.Data()))
		}
		w.log.Warn("finding opened", attrs...)
	case detect.Grown:
		w.log.Warn("finding grew", append(attrs, "count_before", c.Before)...)
	case detect.Closed:
		if note, ok := f.Evidence.Find(detect.AcknowledgedFact); ok {
			attrs = append(attrs, "acknowledged", note.Value.Text)
		}
		w.log.Info("finding closed", append(attrs, "lasted", f.ClosedAt.Sub(f.Since).Round(time.Second))...)
	}
	w.onChange(c)
}
