package otlp

import "github.com/lostorder/lostorder/internal/signal"

// Look is what Follow does now and then.
func (s *Sender) Look(open func() []signal.Finding) { s.look(open) }
