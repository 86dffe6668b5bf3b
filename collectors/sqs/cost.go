package sqs

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
)

const (
	// dollarsPerMetric is the price of one metric of GetMetricData, in most regions.
	dollarsPerMetric = 0.01 / 1000
	// dollarsPerRequest is the price of a request to SQS, after the first million.
	dollarsPerRequest = 0.40 / 1e6
	month             = 730 * time.Hour
)

// costPerMonth returns the highest possible cost of the metrics, in US dollars: as if
// no queue were ever empty.
func (c *Config) costPerMonth(queues int) float64 {
	readings := float64(month) / float64(max(c.CloudWatch.Interval, c.Interval))
	return readings * float64(queues*kinds) * dollarsPerMetric
}

// priceOf describes the cost of watching queues.
func (c *Config) priceOf(queues int) string {
	requests := float64(month) / float64(c.Interval) * float64(queues+1) * dollarsPerRequest
	text := fmt.Sprintf("%.2f US dollars per month at most for requests to SQS about %s (interval %s)", requests, phrase.Count(queues, "queue"), c.Interval)
	if c.CloudWatch.Enabled {
		text += fmt.Sprintf(", and %.2f for metrics of CloudWatch (cloudwatch.interval %s), in most regions", c.costPerMonth(queues), c.CloudWatch.Interval)
	}
	return text
}

// tellCost logs the expected cost: once, and again when it doubles.
func (r *reading) tellCost(queues int) {
	if queues == 0 || queues < 2*r.metrics.told {
		return
	}
	r.metrics.told = queues
	r.log.Info("reading CloudWatch metrics, which AWS charges for", "queues", queues,
		"interval", r.config.CloudWatch.Interval, "us_dollars_per_month_at_most", fmt.Sprintf("%.2f", r.config.costPerMonth(queues)))
}
