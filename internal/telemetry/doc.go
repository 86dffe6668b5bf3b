// Package telemetry turns what lostorder knows into Prometheus metrics. Every
// metric is named and documented in one list, see [Metrics], and nowhere else.
//
// The series are made from a [watch.Snapshot] and never from a broker. So a scrape
// never waits for a broker, and the series of a removed subject end at the next
// scrape. The encoded bytes of a snapshot are kept, compressed, until the next
// version, so that a second scraper costs next to nothing. Those of a target are kept
// until its next report.
//
// Ages are those at the time of the reading, because the kept bytes must not depend on
// the time of the scrape. The age of the reading itself is a series of its own
// (lostorder_collector_reading_age_seconds), made at each scrape. So a hang inside
// lostorder shows too.
package telemetry

//go:generate go test -run TestMetricsDocIsCurrent . -update
