package client

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// throttle is how a broker applies a quota to this user. Its answers say how long to send
// nothing, and until then it reads no request (KIP-219).
type throttle struct {
	until     time.Time
	throttled bool // in this reading
}

// wait waits until a request may be sent. sarama waits, too, but until the end, whatever
// becomes of the reading: its wait must be over when it gets the request.
func (t *throttle) wait(ctx context.Context) error {
	left := time.Until(t.until)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// heed keeps how long the broker wants no request. If that is longer than a request may take,
// the broker is not asked again in this reading, nor over this connection.
func (n *Node) heed(broker *sarama.Broker, pause time.Duration) {
	switch {
	case pause <= 0:
		return
	case pause > n.cluster.conf.Net.ReadTimeout:
		n.lose(broker, throttledError(pause), false)
	default:
		n.until = time.Now().Add(pause)
	}
	n.throttled = true
}

// throttledError is a broker that wants no request for that long.
type throttledError time.Duration

func (e throttledError) Error() string {
	return fmt.Sprintf("a quota keeps this user from sending anything for %s; raise its request_percentage", time.Duration(e))
}

// throttleOf returns how long a broker wants no request.
func throttleOf(answer any) time.Duration {
	switch a := answer.(type) {
	case *sarama.MetadataResponse:
		return milliseconds(a.ThrottleTimeMs)
	case *sarama.OffsetResponse:
		return milliseconds(a.ThrottleTimeMs)
	case *sarama.OffsetFetchResponse:
		return milliseconds(a.ThrottleTimeMs)
	case *sarama.ListGroupsResponse:
		return milliseconds(a.ThrottleTime)
	case *sarama.DescribeGroupsResponse:
		return milliseconds(a.ThrottleTimeMs)
	case *sarama.ConsumerGroupDescribeResponse:
		return a.ThrottleTime
	case *sarama.DescribeConfigsResponse:
		return a.ThrottleTime
	case *sarama.FindCoordinatorResponse:
		return a.ThrottleTime
	case kmsg.ThrottleResponse:
		ms, _ := a.Throttle()
		return milliseconds(ms)
	}
	return 0
}

func milliseconds(n int32) time.Duration { return time.Duration(n) * time.Millisecond }

// Throttled lists the brokers that applied a quota to this user in this reading.
func (c *Cluster) Throttled() (list []*Node) {
	for _, n := range c.nodes {
		if n.throttled {
			list = append(list, n)
		}
	}
	return list
}
