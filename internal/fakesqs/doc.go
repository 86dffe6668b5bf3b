// Package fakesqs is a small SQS server for the demo and for tests: queues with
// visibility, delays, retention, redrive and FIFO groups behind the JSON protocol
// that the AWS SDK speaks, and the metrics that CloudWatch would have of them. It
// keeps everything in memory and listens on the loopback only.
package fakesqs
