package sqs

import (
	"fmt"
	"time"

	"github.com/lostorder/lostorder/internal/phrase"
)

const (
	// dollarsPerMetric is what AWS takes for each metric that GetMetricData is
	// asked for, in most regions.
	dollarsPerMetric = 0.01 / 1000
	// dollarsPerRequest is what it takes for a request to SQS, after the first million.
	dollarsPerRequest = 0.40 / 1e6
	month             = 730 * time.Hour
)

// costPerMonth returns what the metrics of queues cost at most, in US dollars: as
// if they all held messages all the time.
func (c *Config) costPerMonth(queues int) float64 {
	readings := float64(month) / float64(max(c.CloudWatch.Interval, c.Interval))
	return readings * float64(queues*kinds) * dollarsPerMetric
}

// priceOf says what it costs to watch queues.
func (c *Config) priceOf(queues int) string {
	requests := float64(month) / float64(c.Interval) * float64(queues+1) * dollarsPerRequest
	text := fmt.Sprintf("%.2f US dollars per month at most for requests to SQS about %s (interval %s)", requests, phrase.Count(queues, "queue"), c.Interval)
	if c.CloudWatch.Enabled {
		text += fmt.Sprintf(", and %.2f for metrics of CloudWatch (cloudwatch.interval %s), in most regions", c.costPerMonth(queues), c.CloudWatch.Interval)
	}
	return text
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
