package sqs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/turn"
)

// targets returns the dead letter queues of watched queues that are not watched
// themselves, and drops those that are no longer dead letter queues.
func (r *reading) targets() []*queue {
	wanted := map[string]*queue{}
	for _, q := range r.chosen() {
		name := nameOf(q.setting.deadLetterARN)
		known := r.queues[name]
		if name == "" || q.failsElsewhere() || r.config.Queues.refuses(name) || known != nil && known.listed && r.config.tagged(known) {
			continue
		}
		if known == nil {
			// A dead letter queue is in the region and account of its sources.
			known = &queue{name: name, url: strings.TrimSuffix(q.url, q.name) + name}
			r.queues[name] = known
		}
		wanted[name] = known
	}
	maps.DeleteFunc(r.queues, func(name string, q *queue) bool { return !q.listed && wanted[name] == nil })
	return slices.Collect(maps.Values(wanted))
}

const (
	// mostSources bounds the sources that are kept of one dead letter queue.
	mostSources = 10_000
	// mostEarly bounds the queues whose sources a reading reads before they are due.
	mostEarly = 20
)

// filled reports whether messages wait that did not when the sources of the queue were read.
// They may be dead letters of a queue that names it since then.
func (q *queue) filled() bool { return q.past.neverEmptySince.After(q.sourcesAt) }

// readSources reads the sources of dead letter queues, to find those that are not
// watched. Watched sources are known from their own redrive policy. It needs one
// request per queue, so it uses the remaining time of a reading, and starts with the
// queues that have messages again, and with those that are already known as dead letter
// queues.
func (r *reading) readSources(ctx context.Context) {
	left, ok := turn.Left(ctx)
	if !ok {
		left = time.Duration(r.config.Timeout) - time.Since(r.now)
	}
	// Half of the remaining time, because answers take time too.
	room := int(left.Seconds() * float64(r.pace.limiter.Limit()) / 2)
	likely := r.sourcesByTarget()
	var due, early []*queue
	for _, q := range r.all() {
		switch {
		case !q.fresh(r.now):
		case q.filled() && len(early) < mostEarly:
			early = append(early, q)
		case r.due(q.sourcesAt, r.now):
			due = append(due, q)
		}
	}
	slices.SortStableFunc(due, func(a, b *queue) int {
		if isLikely := func(q *queue) bool { return len(likely[q.setting.arn]) > 0 || q.setting.allows.Permission != "" }; isLikely(a) != isLikely(b) {
			if isLikely(a) {
				return -1
			}
			return 1
		}
		return a.sourcesAt.Compare(b.sourcesAt)
	})
	due = append(early, due...)
	each(due[:max(0, min(room, len(due)))], func(q *queue) {
		in := &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: &q.url, MaxResults: aws.Int32(pageSize)}
		var sources []string
		for {
			var page *awssqs.ListDeadLetterSourceQueuesOutput
			err := r.callSpare(ctx, func(ctx context.Context) (err error) {
				page, err = r.clients.sqs.ListDeadLetterSourceQueues(ctx, in)
				return err
			})
			if err != nil {
				if !isGone(err) && !errors.Is(err, errNoTime) { // the next reading goes on
					r.note(q, err, actionSources)
				}
				return
			}
			for _, url := range page.QueueUrls {
				if name := nameOf(url); possibleName(name) && len(sources) < mostSources {
					sources = append(sources, name)
				}
			}
			if next := aws.ToString(page.NextToken); next == "" || next == aws.ToString(in.NextToken) || len(sources) == mostSources {
				break
			}
			in.NextToken = page.NextToken
		}
		q.sources, q.sourcesAt = sources, r.now
	})
}

// sourcesByTarget returns the queues whose redrive policy names an ARN.
func (r *reader) sourcesByTarget() map[string][]*queue {
	sources := map[string][]*queue{}
	for _, q := range r.chosen() {
		if to := q.setting.deadLetterARN; to != "" {
			sources[to] = append(sources[to], q)
		}
	}
	return sources
}

// deadLetter returns where messages that fail in a queue go.
func (r *reader) deadLetter(q *queue) signal.DeadLettering {
	to := q.setting.deadLetterARN
	switch {
	case q.setting.unreadable == "RedrivePolicy":
		return signal.DeadLettering{}
	case to == "":
		return signal.DeadLettering{Route: signal.RouteNone}
	}
	route := signal.DeadLettering{Route: signal.RouteSet, To: nameOf(to)}
	target := r.queues[route.To]
	switch {
	case q.failsElsewhere():
		route.Problem = "a dead letter queue must be in the region and account of its queue, and this one is " + to
	case strings.HasSuffix(to, ".fifo") != q.fifo():
		route.Problem = "a FIFO queue and a standard queue cannot be each other's dead letter queue"
	case target == nil || target.setting.arn == "" && !target.gone:
		// Excluded, or it could not be read: assume that it works.
	case target.gone:
		route.Problem = "queue " + route.To + " does not exist"
	case target.setting.allows.Permission == "denyAll":
		route.Problem = "the redrive-allow policy of " + route.To + " refuses all queues"
	case target.setting.allows.Permission == "byQueue" && !slices.Contains(target.setting.allows.Sources, q.setting.arn):
		route.Problem = "the redrive-allow policy of " + route.To + " does not name this queue"
	}
	if route.Problem != "" {
		route.Route = signal.RouteBroken
	}
	return route
}

// deadLetterReports reports the dead letter queues, by name.
func (r *reading) deadLetterReports() []signal.DeadLetterQueue {
	byTarget := r.sourcesByTarget()
	var list []signal.DeadLetterQueue
	for _, q := range r.all() {
		watched := byTarget[q.setting.arn]
		if q.setting.arn == "" || !q.fresh(r.now) || q.listed && !r.config.tagged(q) && len(watched) == 0 {
			continue
		}
		if !q.purpose.Role.KeepsFailed() {
			continue
		}
		longest := time.Duration(0)
		for _, source := range watched {
			longest = max(longest, source.setting.retention)
		}
		d := signal.NewDeadLetterQueue(signal.SQS, r.config.Name, q.name)
		d.Semantics, d.Purpose, d.Sources, d.Retention = &semantics, q.purpose, q.from, q.setting.retention
		d.Objective = r.config.objective(q.name)
		d.Messages, d.Oldest, d.Arrived = q.depth.sum(), r.oldest(q), q.past.arrived
		if !q.fifo() {
			// On a standard queue the age of a dead letter counts from its first send; on a
			// FIFO queue it restarts.
			d.SourceRetention, d.KeepsAge = longest, true
		}
		list = append(list, d)
	}
	return list
}
