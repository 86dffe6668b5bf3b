package rabbitmq

import "github.com/lostorder/lostorder/internal/signal"

// semantics is how RabbitMQ behaves: queues dead-letter what expires or overflows
// (https://www.rabbitmq.com/docs/dlx), and their counters balance.
var semantics = signal.Semantics{
	DeadLettersRemoved: true,
	CountersBalance:    true,
	NoDeadLettering:    "no dead letter exchange, by argument or policy",
}
