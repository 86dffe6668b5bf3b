package replicas

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/web/api"
)

// silentAfter is after how many questions without an answer what a replica answered before
// is no longer shown as current.
const silentAfter = 3

// Replicas are the other replicas as this one knows them.
type Replicas struct {
	view   func() *ownership.View
	client *http.Client
	every  time.Duration
	log    *slog.Logger

	mu      sync.Mutex
	targets map[signal.TargetID]collectors.Target // of the config
	order   []signal.TargetID
	records map[signal.TargetID]record // of targets that this replica does not read
	answers map[string]answer          // of each replica, by its address
	silent  map[string]bool            // that this replica could not ask, for the log
	decided bool                       // it was known once which targets this replica reads
}

// record is the last that is known of a target.
type record struct {
	member, url string
	at          time.Time
	target      *api.Target // nil: only its findings are known
	open        []signal.Finding
}

// answer is what a replica answered last.
type answer struct {
	at     time.Time
	closed []signal.Finding
}

// New returns replicas that nothing is known of.
func New(view func() *ownership.View, client *http.Client, every time.Duration, log *slog.Logger) *Replicas {
	return &Replicas{
		view: view, client: client, every: every, log: log, records: map[signal.TargetID]record{}, answers: map[string]answer{}, silent: map[string]bool{},
	}
}

// Configure takes the targets of the config file.
func (r *Replicas) Configure(targets []collectors.Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets, r.order = map[signal.TargetID]collectors.Target{}, nil
	for _, t := range targets {
		r.targets[t.ID] = t
		r.order = append(r.order, t.ID)
	}
	for id := range r.records {
		if _, configured := r.targets[id]; !configured {
			delete(r.records, id)
		}
	}
}

// Keep remembers the open findings of a target that this replica no longer reads, or has
// not begun to read after a restart.
func (r *Replicas) Keep(id signal.TargetID, open []signal.Finding, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.records[id]; !ok || known.at.Before(at) {
		r.records[id] = record{member: r.view().Self, at: at, open: open}
	}
}

// Take returns the open findings of a target that this replica reads from now on, and when
// they were known to be open.
func (r *Replicas) Take(id signal.TargetID) (open []signal.Finding, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.records[id]
	delete(r.records, id)
	return known.open, known.at
}

// Decided notes that it is known which targets this replica reads.
func (r *Replicas) Decided() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decided = true
}

// Run asks all replicas again and again until ctx ends.
func (r *Replicas) Run(ctx context.Context) {
	for ctx.Err() == nil {
		r.Ask(ctx)
		timer := time.NewTimer(r.every)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Ask asks all other replicas once.
func (r *Replicas) Ask(ctx context.Context) {
	var asking sync.WaitGroup
	for _, member := range r.view().Others {
		if member.URL == "" {
			continue
		}
		asking.Go(func() { r.ask(ctx, member) })
	}
	asking.Wait()
}

func (r *Replicas) ask(ctx context.Context, member ownership.Member) {
	read, err := fetch(ctx, r.client, member.URL)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if !r.silent[member.URL] && ctx.Err() == nil {
			r.log.Warn("another replica cannot be asked for what it reads; this one shows only who it is", "member", member.Name, "err", err)
		}
		r.silent[member.URL] = true
		return
	}
	if r.silent[member.URL] {
		delete(r.silent, member.URL)
		r.log.Info("the other replica answers again", "member", member.Name)
	}
	now := time.Now()
	r.answers[member.URL] = answer{now, read.closed}
	for id, target := range read.targets {
		if _, configured := r.targets[id]; configured {
			r.records[id] = record{member: read.member, url: shown(member.URL), at: now, target: target, open: read.open[id]}
		}
	}
}

// current reports whether a record is not older than a few questions.
func (r *Replicas) current(known *record, now time.Time) bool {
	return known.target != nil && now.Sub(known.at) < silentAfter*r.every
}
