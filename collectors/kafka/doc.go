// Package kafka watches Kafka clusters: what waits in each topic for each consumer group,
// the members that consume it, and what arrives in dead letter queues. It only reads. It
// never joins a group, commits an offset, produces a message or creates a topic.
package kafka
