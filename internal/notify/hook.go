package notify

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/lostorder/lostorder/internal/signal"
)

// hook delivers to one webhook.
type hook struct {
	Webhook
	settings
	book   *book
	health *health
	format format
	client *http.Client
	wake   chan struct{}
	cancel context.CancelFunc // ends it once the request in progress has ended
	abort  context.CancelFunc // ends that request
	done   chan struct{}
	log    *slog.Logger
}

// settings are of all webhooks.
type settings struct {
	interval, repeat time.Duration
	nameOrders       bool
	timing           Timing
	now              func() time.Time
}

func (n *Notifier) newHook(w Webhook, s settings) *hook {
	h := &hook{
		Webhook: w, settings: s, health: newHealth(&w), format: formatOf(&w, n.links), client: newClient(s.timing.Timeout),
		wake: make(chan struct{}, 1), done: make(chan struct{}), log: n.Log.With("webhook", w.Name),
	}
	resend := s.repeat
	if w.Format == formatAlertmanager {
		resend = s.interval // Alertmanager forgets open alerts when it restarts, and repeats by itself
	}
	h.book = &book{
		entries: map[string]*entry{}, begun: s.now(), resend: resend, wants: h.wants, changed: n.keep,
		dropped: func(id string) {
			h.health.dropped(droppedOverflow, 1)
			h.log.Error("a finding that closed is not sent: too many wait for the webhook", "finding", id)
		},
	}
	return h
}

// changed notes the state of a finding. It does not block.
func (h *hook) changed(f *signal.Finding) {
	h.put(alertOf(f, h.nameOrders))
}

func (h *hook) put(a alert) {
	h.book.put(&a)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// run delivers until ctx ends. Requests have a context of their own: one that is cut off may
// have been taken, and would be sent again. refresh brings the book up to date.
func (h *hook) run(ctx, requests context.Context, refresh func(*book)) {
	defer close(h.done)
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval, retry.Multiplier = h.timing.FirstRetry, h.timing.LastRetry, 2
	var last time.Time // when something was delivered
	for ctx.Err() == nil {
		refresh(h.book)
		sent, f := h.deliver(ctx, requests)
		if f != nil {
			sleep(ctx, max(retry.NextBackOff(), f.after))
			continue
		}
		retry.Reset()
		if sent {
			last = h.now()
		}
		timer := time.NewTimer(h.interval) // findings grow, and are repeated, without a change
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-h.wake:
			sleep(ctx, max(h.timing.Settle, min(h.interval, h.interval-h.now().Sub(last)))) // what else changes goes with it
		}
		timer.Stop()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// deliver sends what is due, request after request. It stops at the first failure, and
// what is due then is put together again: it has grown, or healed.
func (h *hook) deliver(ctx, requests context.Context) (sent bool, f *failure) {
	for _, group := range h.format.split(h.book.due(h.now())) {
		if ctx.Err() != nil {
			return sent, nil
		}
		at := h.now()
		r, err := encode(h.format, group, at)
		if err != nil {
			f = &failure{kind: failedOther, text: "encode the request: " + err.Error(), refused: true}
		} else {
			f = h.post(requests, h.client, &r, at)
		}
		if requests.Err() != nil && f != nil {
			return sent, f // the end is no failure of the receiver
		}
		switch {
		case f == nil:
			h.book.took(group, at)
			if sent = true; h.health.succeeded(len(group), at) {
				h.log.Info("the webhook takes findings again", "findings", len(group))
			}
		case f.refused:
			h.health.failed(f)
			h.health.dropped(droppedRefused, len(group))
			h.book.took(group, at) // or it would block all others
			h.log.Error("the webhook refuses findings; they are not sent again until they change", "err", f, "findings", ids(group))
		default:
			if h.health.failed(f) {
				h.log.Error("findings cannot be delivered to the webhook; lostorder tries again", "err", f, "findings", h.book.pending(at))
			}
			return sent, f
		}
	}
	return sent, nil
}

// ids are those of at most a few notices, for the log.
func ids(group []notice) []string {
	const most = 20
	var all []string
	for i := range group[:min(len(group), most)] {
		all = append(all, group[i].ID)
	}
	return all
}
