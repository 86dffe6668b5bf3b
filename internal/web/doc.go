// Package web serves what lostorder knows over HTTP: the metrics, the health of
// the process, the API, and the status page for the engineer on call. It reads
// snapshots and never waits for a target.
package web
