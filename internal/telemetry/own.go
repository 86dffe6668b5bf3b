package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
)

// own are the metrics that are counted in this process.
type own struct {
	registry      *prometheus.Registry
	delay         *prometheus.HistogramVec
	dwell         *prometheus.HistogramVec
	dwellRatio    *prometheus.HistogramVec
	lastPass      *prometheus.GaugeVec
	reloaded      prometheus.Gauge
	reloadedSince prometheus.Gauge
}

func newOwn() own {
	gauge := func(name string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: described(name).Help})
	}
	delay, dwell := described("lostorder_detection_delay_seconds"), described("lostorder_order_dwell_seconds")
	ratio, pass := described("lostorder_order_dwell_ratio"), described("lostorder_reconciliation_last_pass_timestamp_seconds")
	o := own{
		registry: prometheus.NewRegistry(),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: delay.Name, Help: delay.Help,
			Buckets:                         []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, delay.Labels),
		dwell: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: dwell.Name, Help: dwell.Help,
			Buckets:                         dwellBuckets(),
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, dwell.Labels),
		dwellRatio: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: ratio.Name, Help: ratio.Help,
			Buckets:                         []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 2, 3, 5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, ratio.Labels),
		lastPass:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: pass.Name, Help: pass.Help}, pass.Labels),
		reloaded:      gauge("lostorder_config_last_reload_successful"),
		reloadedSince: gauge("lostorder_config_last_reload_success_timestamp_seconds"),
	}
	o.registry.MustRegister(o.delay, o.dwell, o.dwellRatio, o.lastPass, o.reloaded, o.reloadedSince,
		version.NewCollector("lostorder"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, mode := range detect.Modes() { // at zero, so that a rate sees the first
		o.delay.WithLabelValues(string(mode))
	}
	return o
}

// dwellBuckets are the bounds of the classic buckets of dwells. Below a second they
// are finer than the bounds by which tables are counted. Otherwise all dwells of a fast
// state would be in one bucket.
func dwellBuckets() []float64 {
	bounds := []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5}
	for _, d := range signal.DwellBounds {
		bounds = append(bounds, d.Seconds())
	}
	return bounds
}

// Opened observes how long after the earliest decidable moment a finding was
// opened. It is called once for each finding.
func (e *Exporter) Opened(f signal.Finding) {
	if f.DecidableAt.IsZero() || f.DetectedAt.IsZero() {
		return
	}
	delay := max(0, f.DetectedAt.Sub(f.DecidableAt))
	observer := e.own.delay.WithLabelValues(valid(string(f.Mode)))
	if with, ok := observer.(prometheus.ExemplarObserver); ok {
		with.ObserveWithExemplar(delay.Seconds(), exemplarLabels(&f))
		return
	}
	observer.Observe(delay.Seconds())
}

// ReloadSucceeded notes that the configuration was loaded.
func (e *Exporter) ReloadSucceeded() {
	e.own.reloaded.Set(1)
	e.own.reloadedSince.Set(float64(e.now().UnixMilli()) / 1000)
}

// ReloadFailed notes that the configuration could not be loaded. The previous one stays
// in effect.
func (e *Exporter) ReloadFailed() { e.own.reloaded.Set(0) }
