package telemetry

import (
	"github.com/lostorder/lostorder/internal/notify"
)

// perWebhook adds the series of each webhook.
func perWebhook(add func(v *view, h *notify.Health, out *block)) func(v *view, out *block) {
	return func(v *view, out *block) {
		for i := range v.notifications {
			add(v, &v.notifications[i], out)
		}
	}
}

func notificationsDelivered(v *view, h *notify.Health, out *block) {
	out.add(float64(h.Delivered), v.labels.of(label{labelWebhook, h.Webhook}))
}

func notificationsPending(v *view, h *notify.Health, out *block) {
	out.add(float64(h.Pending), v.labels.of(label{labelWebhook, h.Webhook}))
}

func notificationsLast(v *view, h *notify.Health, out *block) {
	if !h.LastSuccess.IsZero() {
		out.add(float64(h.LastSuccess.UnixMilli())/1000, v.labels.of(label{labelWebhook, h.Webhook}))
	}
}

func notificationFailures(v *view, h *notify.Health, out *block) {
	for _, kind := range notify.FailureKinds() {
		out.add(float64(h.Failures[kind]), v.labels.of(label{labelWebhook, h.Webhook}, label{labelReason, kind}))
	}
}

func notificationsDropped(v *view, h *notify.Health, out *block) {
	for _, reason := range notify.DropReasons() {
		out.add(float64(h.Dropped[reason]), v.labels.of(label{labelWebhook, h.Webhook}, label{labelReason, reason}))
	}
}
