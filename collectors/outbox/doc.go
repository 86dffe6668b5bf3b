// Package outbox watches outbox tables: rows that a service committed together
// with its orders, and that a relay has to publish. It reports how many are
// pending, how old the oldest is, and which orders they are about.
package outbox
