package sqs

import "github.com/lostorder/lostorder/collectors"

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
