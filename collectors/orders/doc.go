// Package orders watches order tables: which state each order is in, since when,
// and which have been in it for longer than they may. A saga is an order table
// whose states compensate one another.
package orders
