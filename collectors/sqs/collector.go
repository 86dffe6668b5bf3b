package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/turn"
)

// reader reads the queues of one region. It keeps state from one reading to the next.
type reader struct {
	config  Config
	log     *slog.Logger
	pace    *pace  // from the first reading on
	leave   func() // the pace
	dial    dial
	clients *clients
	// outdated: AWS refused the credentials. The next reading loads them again, because a
	// file may contain renewed ones.
	outdated atomic.Bool

	queues  map[string]*queue // by name, watched ones and their dead letter queues
	named   map[string]string // URLs of queues that the config names one by one
	lost    collectors.Unmatched
	metrics metrics
}

// NewReader returns a reader of one region. It connects at the first reading.
func NewReader(c Config, log *slog.Logger) collectors.Reader {
	return &reader{
		config: c, log: log, leave: func() {},
		queues: map[string]*queue{}, named: map[string]string{}, lost: collectors.NewUnmatched(c.Queues.Include),
	}
}

// keepPace takes part in the pace of the account. A reader that reaches its server in
// another way than through the network has one of its own.
func (r *reader) keepPace() {
	switch {
	case r.pace != nil:
	case r.dial != nil:
		r.pace = newPace(r.config.MaxRequestsPerSecond)
	default:
		r.pace, r.leave = sharedPace(&r.config)
	}
}

// Close ends the connections.
func (r *reader) Close() error {
	r.leave()
	if r.clients != nil {
		r.clients.close()
	}
	return nil
}

// reading is the state of one reading.
type reading struct {
	*reader
	now     time.Time
	missing collectors.Missing
}

// Read takes one reading of the queues.
func (r *reader) Read(ctx context.Context, report *signal.Report) error {
	r.keepPace()
	if r.outdated.Swap(false) {
		r.clients.close()
		r.clients = nil
	}
	if r.clients == nil {
		made, err := connect(ctx, &r.config, r.dial, r.pace)
		if err != nil {
			return err
		}
		r.clients = made
	}
	// What was read is reported, although other parts were not.
	soft, cancel := ctx, context.CancelFunc(func() {})
	if left, ok := turn.Left(ctx); ok {
		soft, cancel = turn.WithTimeout(ctx, left-min(2*time.Second, left/10))
	}
	defer cancel()

	one := &reading{reader: r, now: time.Now()}
	err := one.run(soft)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("read queues: %w", ctx.Err())
	case err != nil:
		return err
	}
	one.fill(report)
	return one.missing.Err()
}

// run reads everything: the list of queues, their depths and those of their dead letter
// queues, the CloudWatch metrics, and the other sources of the dead letter queues.
func (r *reading) run(ctx context.Context) error {
	if err := r.discover(ctx); err != nil {
		return err
	}
	r.readTags(ctx)
	r.readAttributes(ctx, r.chosen())
	r.readAttributes(ctx, r.targets())
	r.readMetrics(ctx)
	r.readSources(ctx) // uses the remaining time
	if len(r.queues) > 0 && !slices.ContainsFunc(r.all(), func(q *queue) bool { return q.fresh(r.now) || q.gone }) {
		if err := r.missing.Err(); err != nil {
			return err
		}
	}
	return nil
}

// all returns all queues that are known, by name.
func (r *reader) all() []*queue {
	list := make([]*queue, 0, len(r.queues))
	for _, q := range r.queues {
		list = append(list, q)
	}
	slices.SortFunc(list, func(a, b *queue) int { return cmp.Compare(a.name, b.name) })
	return list
}

// chosen returns the watched queues, the one with the oldest reading first.
func (r *reader) chosen() []*queue {
	list := slices.DeleteFunc(r.all(), func(q *queue) bool { return !q.listed || !r.config.tagged(q) })
	slices.SortStableFunc(list, func(a, b *queue) int { return a.at.Compare(b.at) })
	return list
}

// each calls a function for every queue, several at a time, until ctx ends.
func each(queues []*queue, do func(q *queue)) {
	jobs := make(chan *queue)
	var working sync.WaitGroup
	for range min(inParallel, len(queues)) {
		working.Go(func() {
			for q := range jobs {
				do(q)
			}
		})
	}
	for _, q := range queues {
		jobs <- q
	}
	close(jobs)
	working.Wait()
}

// due reports whether to read again what changes rarely. Slightly early is better than
// an interval late.
func (r *reader) due(last, now time.Time) bool {
	return last.IsZero() || now.Sub(last) >= time.Duration(r.config.ConfigInterval-r.config.Interval/2)
}

// note records that a part of a queue could not be read. A lack of time counts like any
// other reason.
func (r *reading) note(q *queue, err error, action string) {
	if errors.Is(err, context.Canceled) {
		return
	}
	r.missing.Add(q.name, r.config.explain(err, action))
}
