package otlp

import (
	"log/slog"

	"github.com/lostorder/lostorder/internal/signal"
)

// LogThrough has OpenTelemetry log through a logger.
func LogThrough(log *slog.Logger) { logThrough(log) }

// Look is what Follow does now and then.
func (s *Sender) SendJoined(open func() []signal.Finding) { s.sendJoined(open) }
