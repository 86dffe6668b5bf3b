package otlp

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/lostorder/lostorder/internal/signal"
)

// followEvery is how often open findings are checked for new orders.
const followEvery = 5 * time.Second

// hops remembers which missing hops were sent while their finding is open, so that each
// order gets one.
type hops struct {
	mu   sync.Mutex
	sent map[string]map[string]bool // finding id → order id and trace
}

// Follow sends the missing hops of orders that join open findings, until ctx ends.
func (s *Sender) Follow(ctx context.Context, open func() []signal.Finding) {
	if s.tracer == nil {
		return
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sendJoined(open)
		}
	}
}

func (s *Sender) sendJoined(open func() []signal.Finding) {
	// A finding that opens from here on may be sent before it is in the list. It must not
	// be mistaken for a closed one, or its hops would be sent again.
	closed := s.hops.findings()
	for _, f := range open() {
		delete(closed, f.ID)
		s.mark(&f)
	}
	s.hops.forget(closed)
}

// Restored notes that the missing hops of a finding were sent before a restart.
func (s *Sender) Restored(f *signal.Finding) {
	for _, order := range f.Traced {
		s.hops.first(f.ID, order.ID+" "+order.TraceID)
	}
}

// goesOn are the modes in which an order went too far or the wrong way, so that no hop is
// missing.
var goesOn = map[signal.Mode]bool{
	signal.OrderConflict: true, signal.OrderDuplicate: true, signal.EffectDuplicate: true, signal.ReplicaDivergence: true,
}

// mark adds a span to the trace of each order of a finding whose trace is known: the hop
// that the order never made. It begins when the order began to wait, ends when it was
// found, and has the status error. So the order's trace shows where it stops. For an
// order that did not stop, the span shows where it went wrong.
func (s *Sender) mark(f *signal.Finding) {
	if s.tracer == nil {
		return
	}
	name, what := "missing after ", "the order went no further"
	if goesOn[f.Mode] {
		name, what = "wrong at ", "the order proceeded and is wrong"
	}
	for _, order := range f.Traced {
		if !s.hops.first(f.ID, order.ID+" "+order.TraceID) {
			continue
		}
		since := order.Since.Time()
		if since.IsZero() {
			since = f.Since
		}
		until := f.DetectedAt
		if until.Before(since) {
			until = since
		}
		attributes := append(labels(f.Subject),
			attribute.String("lostorder.finding.id", f.ID),
			attribute.String("lostorder.mode", string(f.Mode)),
			attribute.String("lostorder.order_id", order.ID),
		)
		_, span := s.tracer.Start(contextOf(order.TraceID, order.SpanID), name+f.Subject.String(),
			trace.WithTimestamp(since), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attributes...))
		span.SetStatus(codes.Error, string(f.Mode)+": "+what)
		span.End(trace.WithTimestamp(until))
	}
}

// findings returns the findings that have sent hops.
func (h *hops) findings() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make(map[string]bool, len(h.sent))
	for id := range h.sent {
		ids[id] = true
	}
	return ids
}

func (h *hops) forget(findings map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range findings {
		delete(h.sent, id)
	}
}

// first records the two and reports whether they are new.
func (h *hops) first(finding, order string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sent == nil {
		h.sent = map[string]map[string]bool{}
	}
	if h.sent[finding] == nil {
		h.sent[finding] = map[string]bool{}
	}
	known := h.sent[finding][order]
	h.sent[finding][order] = true
	return !known
}
