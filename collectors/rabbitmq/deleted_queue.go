package rabbitmq

import (
	"context"
	"errors"
	"net/url"

	"github.com/lostorder/lostorder/collectors"
)

// mostConfirmed bounds how many missing queues a reading asks for one by one.
const mostConfirmed = 20

var (
	errNotInCounts = errors.New("the queue exists, and its counts are missing; the node may be starting")
	errHidden      = errors.New("the user has no permissions on the virtual host any more; lostorder check prints the command that grants them")
)

// confirmDeleted asks the management API for queues that held messages at the last reading
// and are not in this one. The prometheus plugin of a node that has just started shows no
// queues, and one that exists is not deleted: the reading is partial until it is back.
//
// The management API lists only the virtual hosts on which the user has permissions. Queues
// whose virtual host was hidden since are not deleted either.
func (r *reader) confirmDeleted(ctx context.Context, m *missing) {
	if r.managementError != nil {
		return // nothing else knows them
	}
	var absent []*queue
	for _, q := range r.queues {
		switch {
		case q.seenIn == r.number && !q.gone:
			q.hide(r, false)
		case q.hidden || q.lastWaiting > 0:
			absent = append(absent, q)
		}
	}
	var present, refused []string
	hides := map[string]bool{}
	for i, q := range absent {
		if i == mostConfirmed {
			// The rest is what these are: a node that starts, or a service that deletes its queues.
			for _, rest := range absent[i:] {
				rest.hide(r, len(present)+len(refused) > 0)
			}
			break
		}
		var answer struct{}
		err := r.getJSON(ctx, "/api/queues/"+url.PathEscape(q.vhost)+"/"+url.PathEscape(q.name)+"?columns=name", &answer)
		no := refusal(err)
		if _, known := hides[q.vhost]; no && !known {
			hides[q.vhost] = r.hides(ctx, q.vhost)
		}
		q.hide(r, !no || hides[q.vhost])
		switch {
		case no && q.hidden:
			refused = append(refused, q.destination())
		case q.hidden:
			present = append(present, q.destination())
		}
	}
	if len(refused) > 0 {
		m.add("read queues "+collectors.Some(refused), errHidden)
	}
	if len(present) > 0 {
		m.add("read queues "+collectors.Some(present), errNotInCounts)
	}
}

// hide notes whether a queue is not in the counts and not known to be deleted.
func (q *queue) hide(r *reader, hidden bool) {
	if q.hidden != hidden {
		q.hidden, r.sorted = hidden, nil
	}
	if !hidden && (q.gone || q.seenIn != r.number) {
		q.lastWaiting = 0 // it is deleted; do not ask again
	}
}
