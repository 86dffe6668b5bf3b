package sqs

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// perCall is CloudWatch's limit of metrics in one request.
	perCall = 500
	// lookBack is how far back each reading goes, because CloudWatch completes periods
	// late. lookBackMost is how far back it goes after an outage.
	lookBack     = 15 * time.Minute
	lookBackMost = 3 * time.Hour
)

// metrics is the state of reading CloudWatch.
type metrics struct {
	asked   time.Time // the last attempt
	read    time.Time // the last complete answer
	trouble string    // the error of the last attempt, "" if it succeeded
	told    int       // the number of queues whose cost was logged
}

// kinds of metrics, in the order of their series in a meter.
const (
	sent = iota
	received
	deleted
	emptyReceives
	age
	kinds
)

var metricNames = [kinds]string{
	sent: "NumberOfMessagesSent", received: "NumberOfMessagesReceived", deleted: "NumberOfMessagesDeleted",
	emptyReceives: "NumberOfEmptyReceives", age: "ApproximateAgeOfOldestMessage",
}

// period is the length of a CloudWatch period: a minute, the shortest that AWS has for
// SQS. Only an emulator has shorter ones.
func (c *Config) period() time.Duration {
	for _, p := range []time.Duration{time.Minute, 30 * time.Second, 20 * time.Second, 10 * time.Second, 5 * time.Second} {
		if p <= time.Duration(c.CloudWatch.Interval) {
			return p
		}
	}
	return time.Second
}

// readMetrics reads the CloudWatch metrics of the queues when they are due. Each metric
// costs money, so the ages and empty receives of empty queues are not requested.
func (r *reading) readMetrics(ctx context.Context) {
	if !r.config.CloudWatch.Enabled {
		return
	}
	every := time.Duration(r.config.CloudWatch.Interval)
	if m := &r.metrics; m.asked.IsZero() || r.now.Sub(m.asked) >= every-min(time.Duration(r.config.Interval), every)/2 {
		m.asked = r.now
		m.trouble = ""
		if err := r.askMetrics(ctx); err != nil {
			m.trouble = r.config.explainOr(err, actionMetrics, ", or set cloudwatch.enabled to false")
		} else {
			m.read = r.now
		}
	}
	if r.metrics.trouble != "" {
		r.missing.Add("CloudWatch", r.metrics.trouble)
	}
}

// wanted is one metric of one queue.
type wanted struct {
	queue *queue
	kind  int
}

func (r *reading) askMetrics(ctx context.Context) error {
	var all []wanted
	queues := 0
	for _, q := range r.all() {
		if !q.fresh(r.now) {
			continue
		}
		queues++
		q.meter.begin(r.now.Truncate(r.config.period()))
		for kind := range kinds {
			if (kind == emptyReceives || kind == age) && q.depth.waiting() <= 0 {
				continue
			}
			all = append(all, wanted{q, kind})
		}
	}
	r.tellCost(queues)
	from := r.now.Add(-max(lookBack, 2*time.Duration(r.config.CloudWatch.Interval)))
	if !r.metrics.read.IsZero() && r.metrics.read.Add(-lookBack).Before(from) {
		from = r.metrics.read.Add(-lookBack)
	}
	if most := r.now.Add(-lookBackMost); from.Before(most) {
		from = most
	}
	for len(all) > 0 {
		n := min(perCall, len(all))
		if err := r.ask(ctx, all[:n], from); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// ask makes one request, and one more for each further page of its answer.
func (r *reading) ask(ctx context.Context, batch []wanted, from time.Time) error {
	period := r.config.period()
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(from.Truncate(period)), EndTime: aws.Time(r.now)}
	for i, w := range batch {
		statistic := "Sum"
		if w.kind == age {
			statistic = "Maximum"
		}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("q%d", i)),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: aws.String("AWS/SQS"), MetricName: &metricNames[w.kind],
					Dimensions: []types.Dimension{{Name: aws.String("QueueName"), Value: &w.queue.name}},
				},
				Period: aws.Int32(int32(period.Seconds())), Stat: &statistic,
			},
		})
	}
	for {
		var page *cloudwatch.GetMetricDataOutput
		err := r.call(ctx, func(ctx context.Context) (err error) {
			page, err = r.clients.cloudwatch.GetMetricData(ctx, in)
			return err
		})
		if err != nil {
			return err
		}
		for _, result := range page.MetricDataResults {
			var i int
			if _, err := fmt.Sscanf(aws.ToString(result.Id), "q%d", &i); err != nil || i < 0 || i >= len(batch) {
				continue
			}
			for j := range min(len(result.Timestamps), len(result.Values)) {
				// A value outside the requested periods is not part of the answer.
				if at := result.Timestamps[j].Truncate(period); !at.Before(*in.StartTime) && !at.After(r.now) {
					batch[i].queue.meter.series[batch[i].kind].put(at, result.Values[j], batch[i].queue.meter.since)
				}
			}
		}
		if next := aws.ToString(page.NextToken); next == "" || next == aws.ToString(in.NextToken) {
			break
		}
		in.NextToken = page.NextToken
	}
	for _, w := range batch {
		w.queue.meter.series[w.kind].asked = r.now
		w.queue.meter.series[w.kind].forget(from.Add(-period))
	}
	return nil
}
