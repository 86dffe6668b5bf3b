// Package state keeps what lostorder knows in a directory, so that it survives a restart:
// open and closed findings, and what the decisions remember of each target. It trusts
// nothing that it reads: what is damaged, of another target or from the future is dropped,
// with a log line and a metric, and lostorder starts without it.
package state
