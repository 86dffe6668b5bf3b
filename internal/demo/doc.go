// Package demo is a shop in one process: a storefront, an outbox and its relay,
// Kafka consumers and a dead letter queue, on an embedded Kafka, SQS and SQLite, and
// with --rabbitmq a packing room on a real RabbitMQ, from which all of it is removed
// at the end. It breaks in every way that lostorder knows, on a seeded schedule, and
// beside each fault does something that only looks like it. What lostorder says of it
// is read from lostorder's own API and compared with what was injected; lostorder
// knows nothing of the injector.
package demo
