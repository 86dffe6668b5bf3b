package otlp

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// Changed sends a finding that opened or closed: as a log record with the context of its
// trace, and when it opened also its missing hops.
func (s *Sender) Changed(c detect.Change) {
	f := &c.Finding
	if s.logger != nil {
		s.logger.Emit(contextOf(f.TraceID, ""), record(c))
	}
	if c.Kind == detect.Opened {
		s.mark(f)
	}
}

// record is a finding as a log record. The attributes are those of the metrics and
// of the API; names beginning with lostorder are ours.
func record(c detect.Change) (r log.Record) {
	f := &c.Finding
	r.SetEventName("lostorder.finding." + string(c.Kind))
	at := f.DetectedAt
	severity := severities[f.Severity]
	switch c.Kind {
	case detect.Opened:
	case detect.Grown:
		at = c.At
		r.AddAttributes(attribute.Int64("lostorder.count_before", c.Before))
	case detect.Closed:
		at, severity = f.ClosedAt, log.SeverityInfo
	}
	r.SetTimestamp(at)
	r.SetObservedTimestamp(at)
	r.SetSeverity(severity)
	r.SetSeverityText(severity.String())
	body := string(f.Mode) + " " + string(c.Kind) + ": " + f.Subject.String()
	if f.Summary != "" && c.Kind != detect.Closed {
		body = f.Summary + " (" + body + ")"
	}
	r.SetBody(attribute.StringValue(body))
	r.AddAttributes(
		attribute.String("lostorder.finding.id", f.ID),
		attribute.String("lostorder.mode", string(f.Mode)),
		attribute.String("lostorder.severity", string(f.Severity)),
		attribute.String("lostorder.summary", f.Summary),
		attribute.Int64("lostorder.count", f.Count),
		attribute.String("lostorder.since", f.Since.UTC().Format(time.RFC3339Nano)),
	)
	r.AddAttributes(labels(f.Subject)...)
	for _, a := range f.AtStake.Amounts {
		r.AddAttributes(attribute.String("lostorder.amount."+a.Currency, string(a.Value)))
	}
	for _, name := range f.Labels.Names() {
		r.AddAttributes(attribute.String("lostorder.label."+name, f.Labels[name]))
	}
	if f.CausedBy != "" {
		r.AddAttributes(attribute.String("lostorder.caused_by", f.CausedBy))
	}
	if len(f.Symptoms) > 0 {
		r.AddAttributes(attribute.StringSlice("lostorder.symptoms", f.Symptoms))
	}
	if len(f.OrderIDs) > 0 {
		r.AddAttributes(attribute.StringSlice("lostorder.order_ids", f.OrderIDs))
	}
	for _, fact := range f.Evidence {
		r.AddAttributes(attributeOf("lostorder.evidence."+fact.Key(), fact.Value.Data()))
	}
	return r
}

// attributeOf is a value of evidence as an attribute of its type.
func attributeOf(key string, data any) attribute.KeyValue {
	switch data := data.(type) {
	case int64:
		return attribute.Int64(key, data)
	case float64:
		return attribute.Float64(key, data)
	case []string:
		return attribute.StringSlice(key, data)
	default:
		return attribute.String(key, fmt.Sprint(data))
	}
}

var severities = map[signal.Severity]log.Severity{
	signal.Critical: log.SeverityError, signal.Warning: log.SeverityWarn, signal.Info: log.SeverityInfo,
}

// labels are the fields of a subject in OpenTelemetry's words.
func labels(s signal.Subject) []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, l := range []attribute.KeyValue{
		attribute.String("messaging.system", string(s.System)),
		attribute.String("messaging.destination.name", s.Destination),
		attribute.String("messaging.consumer.group.name", s.Group),
		attribute.String("lostorder.cluster", s.Cluster),
		attribute.String("lostorder.database", s.Database),
		attribute.String("lostorder.outbox", s.Outbox),
		attribute.String("lostorder.lifecycle", s.Lifecycle),
		attribute.String("lostorder.state", s.State),
		attribute.String("lostorder.check", s.Check),
	} {
		if l.Value.AsString() != "" {
			all = append(all, l)
		}
	}
	return all
}

// contextOf returns a context with the trace, and with its span if known. An invalid
// trace gives an empty context.
func contextOf(traceID, spanID string) context.Context {
	config := trace.SpanContextConfig{TraceFlags: trace.FlagsSampled, Remote: true}
	var err error
	if config.TraceID, err = trace.TraceIDFromHex(traceID); err != nil {
		return context.Background()
	}
	if id, err := trace.SpanIDFromHex(spanID); err == nil {
		config.SpanID = id
	}
	return trace.ContextWithRemoteSpanContext(context.Background(), trace.NewSpanContext(config))
}
