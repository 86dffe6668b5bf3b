// Package otlp sends what lostorder knows to an OpenTelemetry collector: its
// metrics, its findings as log records, and spans: of its own readings, and of the
// hop that an order never made, in the order's own trace.
//
// Only the standard OTEL_* variables set the address and the protocol. Nothing is sent
// unless they name an endpoint or the exporter "otlp".
package otlp
