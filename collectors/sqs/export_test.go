package sqs

import (
	"time"

	"github.com/lostorder/lostorder/collectors"
)

// ClientOn is what requests are sent with.
var ClientOn = clientOn

// Dial makes a reader reach its server another way than through the network.
func Dial(r collectors.Reader, over dial) { r.(*reader).dial = over }

// Remembered returns how many entries the reader keeps under names of queues.
func Remembered(c collectors.Reader) int {
	r := c.(*reader)
	n := len(r.queues) + len(r.named)
	for _, q := range r.queues {
		n += len(q.sources) + len(q.tags)
		for i := range q.meter.series {
			n += len(q.meter.series[i].values)
		}
	}
	return n
}

// TakeAttributes returns what a queue takes in of its attributes: its counts, its
// retention, and after how many receives a message is given up.
func TakeAttributes(attributes map[string]string) (counts []int64, retention time.Duration, receives int64, err error) {
	q := &queue{name: "orders"}
	err = q.take(attributes, time.Hour)
	_, _ = q.fifo(), q.failsElsewhere()
	set := settingOf(attributes)
	return []int64{int64(q.depth.ready), int64(q.depth.inFlight), int64(q.depth.delayed)}, set.retention, int64(set.maxReceives), err
}
