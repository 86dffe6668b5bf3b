// Package telemetry turns what lostorder knows into Prometheus metrics. Every
// metric is named and documented in one list, see [Metrics], and nowhere else.
//
// The series are made from a [watch.Snapshot] and never from a broker, so a
// scrape waits for nobody and a subject that is gone is gone at the next scrape.
// What was encoded for one version of the snapshot is kept, compressed, until the
// next version, so that a second scraper costs next to nothing.
//
// Ages are those at the time of the reading, because the kept bytes must not
// depend on when they are asked for. How old the reading itself is, is a series
// of its own (lostorder_collector_reading_age_seconds), made anew at each scrape;
// so what hangs inside lostorder shows too.
package telemetry

//go:generate go test -run TestMetricsDocIsCurrent . -update
