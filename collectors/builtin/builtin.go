// Package builtin is the one list in which a source is registered.
package builtin

import (
	"slices"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/collectors/orders"
	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/collectors/rabbitmq"
	"github.com/lostorder/lostorder/collectors/reconcile"
	"github.com/lostorder/lostorder/collectors/sqs"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/alerting"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/otlp"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/state"
)

// Sources returns every kind of thing that lostorder can watch.
func Sources() []collectors.Source {
	return []collectors.Source{
		kafka.Source(),
		rabbitmq.Source(),
		sqs.Source(),
		outbox.Source(),
		orders.Source(),
		reconcile.Source(),
	}
}

// Sections returns the sections of the config file.
func Sections() []config.Section {
	sections := make([]config.Section, 0, len(Sources())+1)
	for _, s := range Sources() {
		sections = append(sections, s.Section)
	}
	return append(sections, database.Section(), otlp.Section(), privacy.Section(), alerting.Section(), state.Section(), explain.Section(), acknowledge.Section())
}

// Targets returns all targets that a config file asks for.
func Targets(f *config.File) []collectors.Target {
	var targets []collectors.Target
	for _, s := range Sources() {
		targets = append(targets, s.Targets(f)...)
	}
	return targets
}

// Exposed lists the passwords and webhooks of the file whose traffic crosses a network
// without encryption, and what to set.
func Exposed(f *config.File) []string {
	return slices.Concat(kafka.Exposed(f), rabbitmq.Exposed(f), database.Exposed(f), alerting.Exposed(f))
}
