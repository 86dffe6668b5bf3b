package sqs

import (
	"fmt"
	"time"
)

const (
	// dollarsPerMetric is what AWS takes for each metric that GetMetricData is
	// asked for, in most regions.
	dollarsPerMetric = 0.01 / 1000
	month            = 730 * time.Hour
)

// costPerMonth returns what the metrics of queues cost at most, in US dollars: as
// if they all held messages all the time.
func (c *Config) costPerMonth(queues int) float64 {
	readings := float64(month) / float64(max(c.CloudWatch.Interval, c.Interval))
	return readings * float64(queues*kinds) * dollarsPerMetric
}

// tellCost logs what is about to be spent: once, and again when it doubles.
func (r *reading) tellCost(queues int) {
	if queues == 0 || queues < 2*r.metrics.told {
		return
	}
	r.metrics.told = queues
	r.log.Info("CloudWatch is asked for metrics, which AWS charges for", "queues", queues,
		"interval", r.config.CloudWatch.Interval, "us_dollars_per_month_at_most", fmt.Sprintf("%.2f", r.config.costPerMonth(queues)))
}
