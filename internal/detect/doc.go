// Package detect decides, from the readings of the collectors and their history,
// which failure mode is losing orders. It has no I/O, no clock and no goroutine:
// every decision can be replayed from a table of reports. One file per failure
// mode.
package detect
