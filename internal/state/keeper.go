package state

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

const (
	// writeEvery is how often the memory is written at most.
	writeEvery = time.Second
	// retryEvery is how long the keeper waits after an error.
	retryEvery = 10 * time.Second
	// writeTimeout is how long a write may take before findings are announced without it.
	writeTimeout = 5 * time.Second
	// removedFor is how long a target that is no longer in the config is remembered.
	removedFor = 24 * time.Hour
	// clockSlack is how far a clock may have gone back without a remark.
	clockSlack = time.Minute
)

// Source is what is kept: a [watch.Watch].
type Source interface {
	// Remember returns what must survive a restart, and what announces the changes in it.
	// It calls each for what the decisions remember of each target that was read since the
	// last call, or of all.
	Remember(all bool, each func(*detect.Memory)) (m watch.Memory, announce func())
	// RestoreClosed takes the history of a file that could not be opened at start.
	RestoreClosed(history []signal.Finding)
}

// Options are what a Keeper is made of.
type Options struct {
	Dir string
	// Veil says how orders are named: when that changes, the names are dropped.
	Veil Veil             // names as they are when nil
	Now  func() time.Time // time.Now when nil
	Log  *slog.Logger     // slog.Default() when nil
}

// Keeper writes the memory to a directory, behind the readings: on change, and at most
// once a second. Its errors are logged and counted, and never end lostorder.
type Keeper struct {
	Options
	privacy string // the fingerprint of the veil
	wake    chan struct{}
	sources sources

	mu     sync.Mutex // of health
	health Health

	// Only New, and then Run, use what follows.
	store   *store
	written written
	all     bool                        // the next write must have all targets, not only those that were read since
	absent  map[signal.TargetID]absence // targets in the file that are not in the config

	configured map[signal.TargetID]bool // at the last write
}

// absence is what is known of a target that is not in the config.
type absence struct {
	since   time.Time
	records map[recordID]bool
}

// New opens the directory and reads it. A directory that cannot be used is an error in the
// log and in Health, and is tried again.
func New(ctx context.Context, o Options) (*Keeper, *watch.Memory) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Veil == nil {
		o.Veil = (*privacy.Veil)(nil)
	}
	o.Log = o.Log.With("dir", o.Dir)
	k := &Keeper{Options: o, privacy: o.Veil.Fingerprint(), wake: make(chan struct{}, 1), written: written{}, absent: map[signal.TargetID]absence{}}
	k.sources.all, k.sources.dirty = map[signal.TargetID][]byte{}, map[signal.TargetID]bool{}
	k.health.Dropped = map[watch.Reason]int64{}
	for _, r := range watch.Reasons() {
		k.health.Dropped[r] = 0
	}
	m, err := k.open(ctx)
	if err != nil {
		k.failed(err)
		k.Log.Error("lostorder starts without its memory, and tries again to open it", "err", err)
		return k, &watch.Memory{}
	}
	return k, m
}

// open opens the file and returns what it holds. What is of no use is set aside.
func (k *Keeper) open(ctx context.Context) (*watch.Memory, error) {
	s, records, damaged, err := k.read(ctx)
	reason, suffix := watch.Reason(""), ""
	switch {
	case errors.Is(err, errCorrupt):
		reason, suffix = watch.DroppedCorrupt, ".damaged"
	case errors.Is(err, errNewer):
		reason, suffix = watch.DroppedVersion, ".newer"
	case err != nil:
		return nil, err
	}
	if reason != "" {
		name, moved := setAside(k.Dir, suffix)
		if moved != nil {
			return nil, errors.Join(err, moved)
		}
		k.Log.Warn("lostorder cannot read its memory, and starts from nothing", "err", err, "kept_as", name)
		k.Dropped(reason)
		if s, records, damaged, err = k.read(ctx); err != nil {
			return nil, err
		}
	}
	k.store, k.written, k.absent = s, written{}, map[signal.TargetID]absence{}
	for _, r := range records {
		k.written[r.recordID] = k.written.hash(r)
	}
	return k.restore(ctx, decode(records), damaged)
}

// read opens the file and reads its records.
func (k *Keeper) read(ctx context.Context) (s *store, records []record, damaged int, err error) {
	if s, err = openStore(ctx, k.Dir); err != nil {
		return nil, nil, 0, err
	}
	if records, damaged, err = s.load(ctx); err != nil {
		return nil, nil, 0, errors.Join(err, s.close())
	}
	return s, records, damaged, nil
}

// restore returns what of the contents is of use.
func (k *Keeper) restore(ctx context.Context, c contents, damaged int) (*watch.Memory, error) {
	now := k.Now()
	m := &watch.Memory{Open: c.open, Closed: c.closed}
	if damaged += c.damaged; damaged > 0 {
		k.Log.Warn("parts of the memory are damaged and dropped", "parts", damaged)
		k.Dropped(watch.DroppedCorrupt)
	}
	for id, t := range c.targets {
		if t.At.After(m.At) {
			m.At = t.At
		}
		if ahead := t.At.Sub(now); ahead > clockSlack {
			k.Log.Warn("the memory of a target comes from the future and is dropped; was the clock set back?", "target", id.String(), "ahead", ahead.Round(time.Second))
			k.Dropped(watch.DroppedClock)
			t.At, t.Identity = time.Time{}, ""
		}
		detected, err := c.detected(id)
		switch {
		case err != nil:
			k.Log.Warn("what the decisions remember of a target is damaged and dropped", "target", id.String(), "err", err)
			k.Dropped(watch.DroppedCorrupt)
		case t.At.IsZero() || c.privacy != k.privacy:
			detected = nil // from the future, or about rows by another name
		}
		m.Targets = append(m.Targets, watch.TargetMemory{ID: id, Identity: t.Identity, At: t.At, Detected: detected})
		if body := c.sources[id]; body != nil && !t.At.IsZero() && c.privacy == k.privacy && k.sources.get(id) == nil {
			k.sources.set(id, body, false)
		}
		a := absence{since: t.Seen, records: map[recordID]bool{{kindTarget, id.String()}: true, sourceKey(id): true}}
		for i := range c.open {
			if c.open[i].Finding.Target == id {
				a.records[recordID{kindOpen, c.open[i].Finding.ID}] = true
			}
		}
		for part := range c.parts[id] {
			a.records[partKey(id, part)] = true
		}
		k.absent[id] = a // until it is in the config
	}
	if len(k.written) > 0 && c.privacy != k.privacy {
		k.Log.Warn("privacy has changed in the config; the orders of remembered findings are dropped")
		k.Dropped(watch.DroppedPrivacy)
		for i := range m.Open {
			m.Open[i].Finding = anonymous(m.Open[i].Finding)
		}
		for i := range m.Closed {
			m.Closed[i] = anonymous(m.Closed[i])
		}
		if err := k.rewrite(ctx, m); err != nil {
			return nil, err
		}
	}
	k.Log.Info("memory opened", "open", len(m.Open), "closed", len(m.Closed), "targets", len(m.Targets), "last_reading", m.At)
	return m, nil
}

// rewrite replaces the findings in the file, and what the disk still holds of the old ones.
func (k *Keeper) rewrite(ctx context.Context, m *watch.Memory) error {
	for id := range k.written {
		if id.kind == kindOpen || id.kind == kindClosed {
			k.written[id] = 0
		}
	}
	var put []record
	var remove []recordID
	for id := range k.written {
		if id.kind == kindPart || id.kind == kindSource {
			remove = append(remove, id)
		}
	}
	add := func(id recordID, body []byte, err error) error {
		put = append(put, record{id, body})
		return err
	}
	for i := range m.Open {
		body, err := encodeFinding(&m.Open[i])
		if err := add(recordID{kindOpen, m.Open[i].Finding.ID}, body, err); err != nil {
			return err
		}
	}
	for i := range m.Closed {
		f := &m.Closed[i]
		body, err := encodeFinding(&detect.OpenFinding{Finding: *f})
		if err := add(recordID{kindClosed, closedKey(f)}, body, err); err != nil {
			return err
		}
	}
	put = append(put, record{recordID{kindMeta, keyPrivacy}, []byte(k.privacy)})
	if err := k.store.write(ctx, put, remove); err != nil {
		return err
	}
	k.written.apply(put, remove)
	return k.store.purge(ctx)
}

// Changed says that there is something to write. It does not block.
func (k *Keeper) Changed() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run writes what the source remembers until ctx ends, then once more, and closes the
// file.
func (k *Keeper) Run(ctx context.Context, source Source) {
	defer func() {
		if k.store != nil {
			if err := k.store.close(); err != nil {
				k.Log.Warn("close the memory", "err", err)
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
			k.save(last, source)
			cancel()
			return
		case <-k.wake:
		}
		if k.save(ctx, source) {
			sleep(ctx, writeEvery)
		} else {
			k.pause(ctx, source)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// pause waits after an error. Findings are announced all the same.
func (k *Keeper) pause(ctx context.Context, source Source) {
	timer := time.NewTimer(retryEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			k.Changed() // what could not be written is still to be written
			return
		case <-k.wake:
			_, announce := source.Remember(false, func(*detect.Memory) {})
			announce()
		}
	}
}

// save writes what has changed, and announces the findings that it includes. It reports
// false when it could not write.
func (k *Keeper) save(ctx context.Context, source Source) (ok bool) {
	u, announce := remember(source, k.all, k.written)
	// Taken later than the findings: none is written without what it was found from.
	u.parts = append(u.parts, k.sources.take(k.all)...)
	announce = sync.OnceFunc(announce)
	late := time.AfterFunc(writeTimeout, announce) // a disk that hangs does not silence lostorder
	defer late.Stop()
	defer announce()
	bounded, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := k.write(bounded, &u, source)
	k.all = err != nil
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return false // lostorder stops, and the last write follows
	case err != nil && bounded.Err() != nil:
		err = cmp.Or(context.Cause(bounded), err)
	}
	if err == nil {
		if k.succeeded(u.At, k.store.size()) {
			k.Log.Info("the memory is written again")
		}
		return true
	}
	if k.failed(err) {
		k.Log.Error("lostorder cannot write its memory: a restart forgets what has changed; it tries again", "err", err)
	}
	return false
}

// write writes the difference between the memory and the file, which it opens if need be.
func (k *Keeper) write(ctx context.Context, u *update, source Source) error {
	if k.store == nil {
		before, err := k.open(ctx)
		if err != nil {
			return err
		}
		source.RestoreClosed(before.Closed)
		u.Closed, k.absent = append(u.Closed, before.Closed...), map[signal.TargetID]absence{}
	}
	k.forgetAbsent(u.Memory)
	put, remove, err := k.written.difference(u, k.privacy, func(id recordID) bool { return k.keeps(u, id) })
	if err = errors.Join(err, u.err); err != nil || len(put)+len(remove) == 0 {
		return err
	}
	if err := k.store.write(ctx, put, remove); err != nil {
		if errors.Is(err, errCorrupt) || errors.Is(err, errGone) {
			err = errors.Join(err, k.store.close())
			k.store, k.written = nil, written{}
		}
		return err
	}
	k.written.apply(put, remove)
	return nil
}

// keeps reports whether a record stays: it is about a target that was not read since the
// last update, or that is remembered though it is not in the config.
func (k *Keeper) keeps(u *update, id recordID) bool {
	if id.kind == kindSource && k.configured[signal.ParseTargetID(id.key)] {
		return true
	}
	if id.kind == kindPart {
		if target, _ := partOf(id.key); k.configured[target] && !u.encoded[target] {
			return true
		}
	}
	for _, a := range k.absent {
		if a.records[id] {
			return true
		}
	}
	return false
}

// forgetAbsent ends that a target is absent once it is in the config, and drops what has
// been absent for long.
func (k *Keeper) forgetAbsent(m watch.Memory) {
	configured := make(map[signal.TargetID]bool, len(m.Targets))
	for _, t := range m.Targets {
		configured[t.ID] = true
		delete(k.absent, t.ID)
	}
	for id := range k.configured {
		if !configured[id] { // a reload has removed it
			k.absent[id] = k.absence(id, m.At)
		}
	}
	k.configured = configured
	for id, a := range k.absent {
		if absent := m.At.Sub(a.since); absent >= removedFor {
			k.Log.Info("a target has not been in the config for a day; its memory is dropped", "target", id.String())
			k.Dropped(watch.DroppedRemoved)
			delete(k.absent, id)
		}
	}
}

// absence begins the absence of a target. Its findings have closed.
func (k *Keeper) absence(id signal.TargetID, since time.Time) absence {
	a := absence{since: since, records: map[recordID]bool{{kindTarget, id.String()}: true, sourceKey(id): true}}
	for record := range k.written {
		if target, _ := partOf(record.key); record.kind == kindPart && target == id {
			a.records[record] = true
		}
	}
	return a
}
