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
	reloaded      prometheus.Gauge
	reloadedSince prometheus.Gauge
}

func newOwn() own {
	gauge := func(name string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: described(name).Help})
	}
	delay, dwell := described("lostorder_detection_delay_seconds"), described("lostorder_order_dwell_seconds")
	o := own{
		registry: prometheus.NewRegistry(),
		delay: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: delay.Name, Help: delay.Help,
			Buckets:                         []float64{1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, delay.Labels),
		dwell: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: dwell.Name, Help: dwell.Help,
			Buckets:                         seconds(signal.DwellBounds),
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, dwell.Labels),
		reloaded:      gauge("lostorder_config_last_reload_successful"),
		reloadedSince: gauge("lostorder_config_last_reload_success_timestamp_seconds"),
	}
	o.registry.MustRegister(o.delay, o.dwell, o.reloaded, o.reloadedSince,
		version.NewCollector("lostorder"),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, mode := range detect.Modes() { // at zero, so that a rate sees the first
		o.delay.WithLabelValues(string(mode))
	}
	return o
}

func seconds(all []time.Duration) []float64 {
	numbers := make([]float64, len(all))
	for i, d := range all {
		numbers[i] = d.Seconds()
	}
	return numbers
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

// ReloadFailed notes that the configuration could not be loaded and that the one
// before is still in force.
func (e *Exporter) ReloadFailed() { e.own.reloaded.Set(0) }
