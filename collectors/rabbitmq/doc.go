// Package rabbitmq watches RabbitMQ clusters: what waits in each queue, who reads
// it, how it is set up, where its failures go, and what the broker says that it
// dropped. It only reads, over HTTP. It never consumes, gets or declares anything.
package rabbitmq
