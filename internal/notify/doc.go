// Package notify sends findings to webhooks, for shops without Prometheus and Alertmanager.
//
// Each webhook has a book of what its receiver knows and a goroutine that sends what it
// does not know yet. Readings never wait for a receiver: they only write into the book.
package notify
