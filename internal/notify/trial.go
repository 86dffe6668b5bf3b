package notify

import (
	"context"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// Trial is the result of a test notification.
type Trial struct {
	Webhook string `json:"webhook"`
	Format  string `json:"format"`
	OK      bool   `json:"ok"`
	Error   string `json:"error,omitempty"`
}

// Try sends one test notification to each webhook. It is about something that is over, so
// that it pages no engineer.
func Try(ctx context.Context, webhooks []Webhook, runbooks string, now time.Time) []Trial {
	timing := Timing{}.withDefaults()
	all := make([]Trial, 0, len(webhooks))
	for _, w := range Named(webhooks) {
		trial := Trial{Webhook: w.Name, Format: w.Format, OK: true}
		if err := w.try(ctx, timing, runbooks, now); err != nil {
			trial.OK, trial.Error = false, err.Error()
		}
		all = append(all, trial)
	}
	return all
}

func (w *Webhook) try(ctx context.Context, timing Timing, runbooks string, now time.Time) error {
	test := notice{why: closed, known: true, alert: alert{
		ID: "test", Name: "LostorderTest", Severity: signal.Info, Target: "lostorder", Subject: "lostorder check --notify", Labels: map[string]string{},
		Summary: "This is a test of lostorder. Nothing is wrong.", Since: now.Add(-time.Minute), Detected: now.Add(-time.Minute), Closed: now,
	}}
	r, err := encode(formatOf(w, links{runbooks: runbooks}), []notice{test}, now)
	if err != nil {
		return err
	}
	client := newClient(timing.Timeout)
	defer client.CloseIdleConnections()
	if f := w.post(ctx, client, &r, now); f != nil {
		return f
	}
	return nil
}
