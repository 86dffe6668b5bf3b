// Package rabbitmq watches RabbitMQ clusters: backlog, consumers and settings of each
// queue, its dead letter queues, and the messages that the broker counts as dropped. It
// reads over HTTP and never consumes or declares anything. Only with peek it gets messages
// of dead letter queues and requeues them.
package rabbitmq
