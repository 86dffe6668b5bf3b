// Package outbox watches outbox tables: rows that a service commits together with
// its orders, and that a relay publishes. It reports how many rows are pending, how
// old the oldest is, and which orders they belong to.
package outbox
