// Package web serves what lostorder knows over HTTP: the metrics, the health of
// the process, the API, and the status page for whoever is on call. It reads
// snapshots and waits for nothing that is watched.
package web
