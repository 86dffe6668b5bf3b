// Package orders watches order tables: the state of each order, since when it has been
// in that state, and which orders are overdue. A saga is an order table whose states
// compensate each other.
package orders
