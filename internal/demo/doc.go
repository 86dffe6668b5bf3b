// Package demo is a shop in one process that breaks in every way lostorder knows. It
// has a storefront, an outbox with its relay, Kafka consumers and a dead letter queue
// on an embedded Kafka, SQS and SQLite. With --rabbitmq it adds a packing room on a
// real RabbitMQ and removes everything it created there at the end.
//
// Faults follow a seeded schedule. Beside each fault the demo does something that only
// looks broken: the benign twin. The demo reads lostorder's findings from lostorder's
// own API and compares them with what it injected. lostorder knows nothing about the
// injector.
package demo
